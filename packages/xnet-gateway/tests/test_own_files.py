"""Source and code of our own modules, out of whatever they were imported from."""

from __future__ import annotations

import compileall
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from xnet_gateway.own_files import own_code, own_source

NAME = "xnet_gateway.bare.worker.channel"


def test_from_a_directory() -> None:
    text = own_source(NAME)
    assert text.isascii()
    assert "class Channel(" in text
    code = own_code(NAME)
    assert code is not None
    assert code.co_filename.endswith("channel.py")


@pytest.mark.parametrize("name", ["xnet_gateway.bare.no_such", "sys"])
def test_what_has_no_source_is_a_sentence(name: str) -> None:
    with pytest.raises(OSError, match=r"the source of \S+ is not in this program.*include the \.py files"):
        own_source(name)


def look(path: Path, *names: str) -> str:
    """Ask for modules of a package that is at a path."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from xnet_gateway.own_files import own_code, own_source\n"
        "for name in sys.argv[2:]:\n"
        "    try: print(len(own_source(name)), end=' ')\n"
        "    except OSError as error: print(str(error).partition(' (')[0], end=' ')\n"
        "    print(own_code(name) is not None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), *names],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "from/own").mkdir(parents=True)
    (tmp_path / "from/own/__init__.py").write_text("")
    (tmp_path / "from/own/sent.py").write_text("VALUE = 42")
    return tmp_path


def archive(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for member in sorted(folder.rglob("*.py*")):
            file.write(member, str(member.relative_to(folder)))
    return path


def test_from_a_zip(package: Path) -> None:
    path = archive(package / "from", package / "a.zip")
    assert look(path, "own.sent", "own.gone").splitlines()[0] == "10 True"


def test_from_a_zip_without_sources(package: Path) -> None:
    compileall.compile_dir(package / "from", legacy=True, quiet=1)
    for source in (package / "from/own").glob("*.py"):
        source.unlink()
    path = archive(package / "from", package / "a.zip")
    assert look(path, "own.sent") == "the source of own.sent is not in this program True\n"
    assert look(package / "from", "own.sent") == "the source of own.sent is not in this program True\n"
