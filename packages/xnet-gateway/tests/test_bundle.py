"""Programs of several modules as one text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from xnet_gateway.bare.bootstrap import WORKER
from xnet_gateway.bundle import LOADER, Bundle, loader_text, without_comments
from xnet_gateway.own_files import own_source

#: What is sent.
SENT = (LOADER, *(f"{WORKER.package}.{name}" for name in WORKER.modules))


@pytest.mark.parametrize("name", SENT)
class TestWithoutComments:
    def test_only_comments_and_docstrings_are_gone(self, name: str) -> None:
        """What is left is the same program with every statement in its line."""
        text = own_source(name)
        sent = without_comments(text)
        assert len(sent.split("\n")) == len(text.split("\n"))
        assert program(sent) == program(text)
        assert '"""' not in sent
        assert len(sent) < len(text)

    def test_nothing_else_looks_like_a_comment(self, name: str) -> None:
        sent = without_comments(own_source(name))
        assert [line.strip() for line in sent.split("\n") if "#" in line.replace('"#"', "")] == []


def test_a_docstring_that_is_all_there_is_leaves_something() -> None:
    text = (
        'class Error(Exception):\n    """An error."""\n\ndef f():\n    """Two\n    lines."""\n    return 1\n'
    )
    assert without_comments(text) == "class Error(Exception):\n    0\n\ndef f():\n\n\n    return 1\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """Return a bundle of two modules that are in files."""
    folder = tmp_path / "sent_by_tests"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "words.py").write_text('"""Words."""\n\n# A comment.\nGREETING = "say \'hello\'\\\\n"\n')
    (folder / "start.py").write_text(
        "from .words import GREETING\n\ndef main(told):\n    told.append(GREETING)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return Bundle("sent_by_tests", ("words", "start"), "sent_there", "sent by tests")


def test_texts_are_those_of_the_files(package: Bundle) -> None:
    texts = package.texts()
    assert list(texts) == ["words", "start"]
    assert texts["words"] == "\n\n\nGREETING = \"say 'hello'\\\\n\"\n"


def test_a_program_executes_a_module(package: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("sys.modules", {**__import__("sys").modules})
    text = package.program("start.main(told)")
    assert text.isascii()
    exec(text, {"told": told})
    assert told == ["say 'hello'\\n"]


def test_what_is_executed_at_once(package: Bundle) -> None:
    assert package.at_once("start") == ("words", "start")
    assert package.at_once("words") == ("words",)


def test_a_module_that_there_is_not(package: Bundle) -> None:
    lacking = Bundle(package.package, (*package.modules, "no_such"), package.name, package.title)
    with pytest.raises(OSError, match=r"the source of sent_by_tests\.no_such is not in this program"):
        lacking.texts()


def test_the_loader_is_small() -> None:
    assert len(loader_text()) < 4000


def program(text: str) -> str:
    """Return what a text does and where, without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body:
            continue
        # A docstring, or the 0 in its place.
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            del body[0]
    return ast.dump(tree, include_attributes=False) + str(
        [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    )
