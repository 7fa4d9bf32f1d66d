"""What a bundle does in each interpreter that it may be sent to, whatever code does to imports there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bare_helpers import INTERPRETERS, WANTED
from gateway_helpers import PATIENCE_S
from xnet_gateway.bundle import Bundle

#: A package: `start` needs `low` at once, and the others only when they are used.
MODULES = {
    "low": 'LOG = ["low"]\n\nclass Thing(object):\n    pass\n',
    "rarer": 'from .low import LOG\n\nLOG.append("rarer")\n\ndef three():\n    return 3\n',
    "rare": (
        "from . import low, rarer\nfrom .low import LOG, Thing\n\n"
        'LOG.append("rare")\nTWO = 2\n\n'
        "def fail():\n    # A comment.\n    raise ValueError(rarer.three())\n\n"
        "def is_thing(thing):\n    return isinstance(thing, Thing) and low.Thing is Thing\n"
    ),
    "outside": "import json\n\nTEXT = json.dumps(None)\n",
    "broken": "import no_such_module_anywhere\n",
    "newer": "async def nothing(*, a: int) -> None:\n    f'{a=}'\n",
    "start": "from . import broken, newer, outside, rare\nfrom .low import LOG, Thing\nLOG.append('start')\n",
}
TITLE = "sent by tests"
#: `print` is not the same everywhere.
SAY = """
import sys
def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\\n")
"""


class Program:
    """Runs code behind the bundle, as ``start``, in an interpreter."""

    def __init__(self, bundle: Bundle, version: str) -> None:
        self._bundle = bundle
        self._python = INTERPRETERS[version]
        if self._python is None:
            pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")

    def __call__(self, code: str) -> list[str]:
        assert self._python is not None
        result = subprocess.run(
            [self._python, "-"],
            input=self._bundle.program("start") + SAY + code,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert result.stderr == ""
        return result.stdout.splitlines()


@pytest.fixture(params=WANTED)
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    folder = tmp_path / "package_of_tests"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name, text in MODULES.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return Program(Bundle("package_of_tests", tuple(MODULES), "sent_there", TITLE), request.param)


def test_what_is_imported_for_later_is_executed_when_it_is_used(run: Program) -> None:
    code = """
say(start.LOG)
say(sorted(name for name in sys.modules if "sent_there" in name))
say(hasattr(start.rare, "__file__"), start.LOG)
say(start.rare.TWO, start.LOG)
say(start.rare.is_thing(start.Thing()), hasattr(start.rare, "no_such"))
say(list(start.LOG), bundle.load("rare").rarer.three(), start.LOG)
say(sys.modules["sent_there.rare"].fail is start.rare.fail is package.rare.fail)
"""
    assert run(code) == [
        "['low', 'start']",
        "['sent_there', 'sent_there.low', 'sent_there.start']",
        "False ['low', 'start']",
        "2 ['low', 'start', 'rare']",
        "True False",
        "['low', 'start', 'rare'] 3 ['low', 'start', 'rare', 'rarer']",
        "True",
    ]


@pytest.mark.parametrize(
    "change",
    [
        "sys.modules.clear()",
        "sys.modules = {}",
        "sys.path[:] = []\nsys.meta_path[:] = []\nsys.path_hooks[:] = []",
        "del builtins.__import__",
        "builtins.__import__ = None",
        "builtins.compile = builtins.eval = None",
        "sys.modules['sent_there'] = sys.modules['sent_there.low'] = None",
    ],
)
def test_what_code_does_to_imports_does_not_matter(run: Program, change: str) -> None:
    """Afterwards all is as the code has left it."""
    code = f"""
builtins = __import__("builtins" if sys.version_info[0] > 2 else "__builtin__")
BUILTINS, out, nothing = builtins.__dict__, sys.stdout, object()
{change}
before = BUILTINS.get("__import__", nothing)
result = start.rare.is_thing(start.Thing()), start.rare.rarer.three()
out.write("%s %s\\n" % (result, before is BUILTINS.get("__import__", nothing)))
"""
    assert run(code) == ["(True, 3) True"]


def test_other_imports_meanwhile_are_those_of_the_code(run: Program) -> None:
    code = """
builtins = __import__("builtins" if sys.version_info[0] > 2 else "__builtin__")
standard = builtins.__import__
asked = []
def theirs(name, *rest, **named):
    asked.append(name)
    return standard(name, *rest, **named)
builtins.__import__ = theirs
say(start.outside.TEXT, asked[0], builtins.__import__ is theirs)
"""
    assert run(code) == ["null json True"]


def test_two_bundles_that_execute_at_once_do_not_ask_each_other_forever(run: Program) -> None:
    """The worker's, and that of a receiver of trees which another thread of it executes."""
    code = """
builtins = __import__("builtins" if sys.version_info[0] > 2 else "__builtin__")
standard = builtins.__import__
there = sys.modules["other_there"] = type(sys)("other_there")
texts = ["from .second import THREE\\n", "THREE = 3\\n"]
other = package.Bundle(there, "other", ["first", "second"], texts, list, {})
evaluate, executed = package.execute, []
def meanwhile(code, namespace):
    executed.append(namespace["__name__"])
    if len(executed) == 1:
        say(other.load("first").THREE)
    elif len(executed) == 2:
        say(start.outside.TEXT)
    return evaluate(code, namespace)
package.execute = meanwhile
say(start.rare.TWO, executed, builtins.__import__ is standard)
"""
    executed = ["sent_there.rare", "other_there.first", "sent_there.outside", "other_there.second"]
    assert run(code) == ["null", "3", f"2 {executed} True"]


def test_tracebacks_name_module_and_line(run: Program) -> None:
    code = """
import traceback
try:
    start.rare.fail()
except ValueError:
    say(traceback.format_exc())
say(bundle.source("rare").splitlines()[8], bundle.file("rare"))
"""
    lines = run(code)
    assert f'  File "<{TITLE}/rare.py>", line 9, in fail' in lines
    assert lines[-1] == f"    raise ValueError(rarer.three()) <{TITLE}/rare.py>"


def test_a_module_that_fails_is_tried_again(run: Program) -> None:
    code = """
for _ in range(2):
    try:
        start.broken.anything
    except ImportError as error:
        say("no_such_module_anywhere" in str(error), "sent_there.broken" in sys.modules)
    say(start.rare.TWO)
"""
    assert run(code) == ["True False", "2"] * 2


def test_an_interrupt_in_the_middle_leaves_no_half(run: Program) -> None:
    code = """
evaluate = package.execute
def interrupted(code, namespace):
    evaluate(code, namespace)
    raise KeyboardInterrupt
package.execute = interrupted
try:
    start.rare.TWO
except KeyboardInterrupt:
    say("sent_there.rare" in sys.modules, "rare" in bundle.loaded)
package.execute = evaluate
say(start.rare.TWO, start.LOG)
"""
    assert run(code) == ["False False", "2 ['low', 'start', 'rare', 'rare']"]


def test_several_threads_want_a_module_at_once(run: Program) -> None:
    """It is executed once, and none of them sees the half of it."""
    code = """
import threading
results, go, inside = [], threading.Event(), threading.Event()
evaluate = package.execute
def slow(code, namespace):
    inside.set()
    go.wait(60)
    return evaluate(code, namespace)
package.execute = slow
def use():
    results.append(start.rare.is_thing(start.Thing()))
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
inside.wait(60)
say(results)
go.set()
for thread in threads: thread.join()
say(results == [True] * 8, start.LOG)
"""
    assert run(code) == ["[]", "True ['low', 'start', 'rare']"]


def test_code_that_runs_while_a_module_is_executed_may_use_it(run: Program) -> None:
    """A finaliser, or a handler of signals, in the same thread: it waits for no lock, and gets the same."""
    code = """
evaluate, seen = package.execute, []
def meanwhile(code, namespace):
    if not seen:
        seen.append(None)
        seen.append(start.rare.fail)
    return evaluate(code, namespace)
package.execute = meanwhile
say(start.rare.fail is seen[1], bundle.load("rare").fail is seen[1])
"""
    assert run(code) == ["True True"]


def test_compiled_modules_are_taken_in_place_of_the_text(run: Program) -> None:
    code = """
bundle.codes["rarer"] = lambda: compile("def three():\\n    return 33\\n", "there.py", "exec")
say(start.rare.rarer.three(), start.rare.rarer.three.__code__.co_filename)
"""
    assert run(code) == ["33 there.py"]


def test_what_only_some_can_read_is_for_them(run: Program) -> None:
    code = """
try:
    say(start.newer.nothing.__name__)
except SyntaxError:
    say("too old" if sys.version_info < (3, 8) else "not read")
"""
    assert run(code)[0] in ("nothing", "too old")
