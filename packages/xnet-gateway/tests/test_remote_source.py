"""What remote_exec takes, what it refuses, and that it runs at its place in its file."""

from __future__ import annotations

import functools
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import PurePath
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from xnet_gateway.remote_source import make_request
from xnet_gateway.source import Source
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

GLOBAL = 1


@pytest.fixture(scope="module")
def gateway() -> Iterator[Any]:
    made = begin(XSpec("popen//id=source")).finish()
    yield made
    made.exit()
    if not made._wait_ended(time.monotonic() + 200):
        made._kill()


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., ModuleType]:
    def write_and_import(text: str, name: str = "made", encoding: str = "utf-8") -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_bytes(text.encode(encoding))
        spec = importlib.util.spec_from_file_location("made", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return write_and_import


# -- functions that travel ------------------------------------------------------------------------


def sends_its_argument(channel: Any, value: Any = 7) -> None:
    channel.send(value)


def counts_down(channel: Any, start: int) -> None:
    if start:
        channel.send(start)
        counts_down(channel, start - 1)


def uses_scopes(channel: Any) -> None:
    import math

    class Point:
        scale = 2

        def area(self) -> float:
            return math.floor(3.5) * self.scale

    def total(*numbers: float) -> float:
        return sum(number for number in numbers if number)

    channel.send([total(*[x for x in range(5) if x < 3]), Point().area(), __name__])


def tells_its_place(channel: Any) -> None:
    import inspect

    frame = inspect.currentframe()
    assert frame is not None
    channel.send((frame.f_code.co_filename, frame.f_lineno, inspect.getsource(frame)))


def fails(channel: Any) -> None:
    # A comment, so that the failing line is not the second.
    raise ValueError("on purpose")


def make_nested() -> Any:
    def nested(channel: Any) -> None:
        channel.send(
            """
at column zero
  and two
"""
        )

    return nested


class Holder:
    @staticmethod
    def static(channel: Any) -> None:
        channel.send("static")

    def method(channel: Any) -> None:  # noqa: N805
        channel.send("method")

    def bound(self, channel: Any) -> None:
        channel.send("never")


def test_functions_run_with_arguments_and_defaults(gateway: Any) -> None:
    assert gateway.remote_exec(sends_its_argument).receive(200) == 7
    assert gateway.remote_exec(sends_its_argument, value={"a": (1,)}).receive(200) == {"a": (1,)}


def test_a_function_may_call_itself(gateway: Any) -> None:
    assert list(gateway.remote_exec(counts_down, start=3)) == [3, 2, 1]


def test_names_are_judged_by_the_scopes_of_the_language(gateway: Any) -> None:
    assert gateway.remote_exec(uses_scopes).receive(200) == [3, 6, "__channelexec__"]


def test_nested_functions_keep_their_string_literals(gateway: Any) -> None:
    assert gateway.remote_exec(make_nested()).receive(200) == "\nat column zero\n  and two\n"


def test_functions_of_classes_without_an_object(gateway: Any) -> None:
    assert gateway.remote_exec(Holder.static).receive(200) == "static"
    assert gateway.remote_exec(Holder.method).receive(200) == "method"


def test_place_and_source_are_the_files(gateway: Any) -> None:
    path, line, source = gateway.remote_exec(tells_its_place).receive(200)
    first = tells_its_place.__code__.co_firstlineno
    assert (path, line) == (__file__, first + 5)
    assert source.startswith("def tells_its_place(channel: Any) -> None:")


def test_traceback_has_file_and_line(gateway: Any) -> None:
    channel = gateway.remote_exec(fails)
    with pytest.raises(channel.RemoteError) as caught:
        channel.waitclose(200)
    line = fails.__code__.co_firstlineno + 2
    assert f'File "{__file__}", line {line}, in fails' in str(caught.value)
    assert 'raise ValueError("on purpose")' in str(caught.value)


def test_traceback_where_the_file_is_not(gateway: Any, load: Callable[..., ModuleType]) -> None:
    text = "\n\nif True:\n    def gone(channel):\n        x = 1\n        raise KeyError(x)\n"
    module = load(text)
    request = make_request(module.gone, {})
    assert request.source.splitlines()[3:] == text.splitlines()[3:]
    channel = gateway.remote_exec(module.gone)
    with pytest.raises(channel.RemoteError, match=r"made.py., line 6, in gone"):
        channel.waitclose(200)


# -- functions that do not ------------------------------------------------------------------------


def without_parameter() -> None: ...


def other_first(chan: Any, channel: Any) -> None: ...


def keyword_only(*, channel: Any) -> None: ...


def starred(*channel: Any) -> None: ...


def reads_global(channel: Any) -> None:
    channel.send(GLOBAL)


def reads_two(channel: Any) -> None:
    def inner() -> Any:
        return os.path, pytest

    channel.send([inner for name in "ab" if name])


def writes_global(channel: Any) -> None:
    global NEW
    NEW = 1  # type: ignore[name-defined]


def default_is_global(channel: Any, value: Any = GLOBAL) -> None: ...


@functools.lru_cache
def cached(channel: Any) -> None: ...


def same(function: Any) -> Any:
    return function


@same
def decorated(channel: Any) -> None: ...


def wrapped(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(channel: Any) -> None:
        function(channel)

    return wrapper


def generator(channel: Any) -> Iterator[int]:
    yield 1


async def asynchronous_generator(channel: Any) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (without_parameter, "expected the first parameter of the function to be 'channel', it has none"),
        (other_first, "to be 'channel', it is 'chan'"),
        (keyword_only, "it has none"),
        (starred, "it has none"),
        (lambda channel: channel.send(1), "a lambda is part of another statement"),
        (reads_global, "the use of non-builtin globals is not supported, and it uses GLOBAL"),
        (reads_two, "it uses os, pytest;"),
        (writes_global, "it uses NEW;"),
        (default_is_global, "it uses GLOBAL;"),
        (decorated, "it uses same;"),
        (wrapped(decorated), "functions with closures cannot be passed, and it uses function of"),
        (generator, "it is a generator, and calling it runs nothing"),
        (asynchronous_generator, "it is an asynchronous generator"),
    ],
)
def test_functions_that_cannot_be_sent(function: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match="cannot send") as caught:
        make_request(function, {})
    assert sentence in str(caught.value)
    assert f"{__file__}:{function.__code__.co_firstlineno}" in str(caught.value)


def test_annotations_count_unless_they_are_postponed(load: Callable[..., ModuleType]) -> None:
    text = "import os\n\n\ndef f(channel: os.PathLike) -> None:\n    channel.send(1)\n"
    with pytest.raises(ValueError, match="it uses os;"):
        make_request(load(text, "eager").f, {})
    postponed = make_request(load("from __future__ import annotations\n" + text, "lazy").f, {})
    assert postponed.source.startswith("from __future__ import annotations\n\n\n\ndef f(")


def test_a_function_without_a_file() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(channel): channel.send(1)", namespace)
    with pytest.raises(ValueError, match="its source file cannot be found, it was made from '<string>'"):
        make_request(namespace["f"], {})


def test_a_function_whose_file_is_gone(load: Callable[..., ModuleType]) -> None:
    module = load("def f(channel):\n    channel.send(1)\n")
    assert module.__file__ is not None
    os.remove(module.__file__)
    with pytest.raises((ValueError, OSError), match="cannot send"):
        make_request(module.f, {})


def test_a_function_whose_file_has_changed(load: Callable[..., ModuleType], tmp_path: Path) -> None:
    module = load("def f(channel):\n    channel.send(1)\n")
    (tmp_path / "made.py").write_text("def something_else(channel):\n    channel.send(22222)\n")
    with pytest.raises(OSError, match="has changed and now defines something_else there"):
        make_request(module.f, {})


# -- modules, strings, and the rest -----------------------------------------------------------------


def test_modules_are_read_again(gateway: Any, load: Callable[..., ModuleType], tmp_path: Path) -> None:
    module = load("value = 1\n")
    (tmp_path / "made.py").write_text("if __name__ == '__channelexec__':\n    channel.send('newer')\n")
    assert gateway.remote_exec(module).receive(200) == "newer"


def test_module_with_an_encoding_line(gateway: Any, load: Callable[..., ModuleType]) -> None:
    text = "# -*- coding: latin-1 -*-\nif __name__ == '__channelexec__':\n    channel.send('\u00e9')\n"
    assert gateway.remote_exec(load(text, "caf\u00e9", "latin-1")).receive(200) == "\u00e9"


def test_function_in_a_file_that_is_not_ascii(gateway: Any, load: Callable[..., ModuleType]) -> None:
    module = load(
        "def f(channel):\n    channel.send('\u00e9\u4e2d')\n    raise ValueError('\u00fc')\n",
        "caf\u00e9\u4e2d",
    )
    channel = gateway.remote_exec(module.f)
    assert channel.receive(200) == "\u00e9\u4e2d"
    with pytest.raises(channel.RemoteError, match=r"caf\u00e9\u4e2d.py., line 3"):
        channel.waitclose(200)


def test_a_path_that_is_no_utf8(load: Callable[..., ModuleType]) -> None:
    try:
        module = load("def f(channel):\n    channel.send(1)\n", "b\udcffd")
    except OSError as error:
        pytest.skip(f"the file system refuses such names: {error}")
    file = make_request(module.f, {}).file
    assert file is not None
    assert file.endswith("b\\udcffd.py")


def test_module_inside_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import zipfile

    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("zipped_for_remote_exec.py", "channel = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path / "archive.zip"))
    module = importlib.import_module("zipped_for_remote_exec")
    request = make_request(module, {})
    assert request.source == "channel = 3\n"
    assert request.file == module.__file__


def test_modules_without_source() -> None:
    with pytest.raises(TypeError, match="it is built into the interpreter and has no source"):
        make_request(sys, {})
    module = ModuleType("gone")
    module.__file__ = "/nowhere/gone.so"
    with pytest.raises(OSError, match="its source cannot be found"):
        make_request(module, {})


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("channel.send(1)", "channel.send(1)"),
        ("\n    a = 1\n    if a:\n        b = 2\n", "\na = 1\nif a:\n    b = 2\n"),
        ("a = '''\n   \n'''", "a = '''\n   \n'''"),
        ("", ""),
    ],
)
def test_strings_are_dedented_where_they_are_indented(text: str, sent: str) -> None:
    request = make_request(text, {})
    assert (request.source, request.file, request.call, request.kwargs) == (sent, None, None, {})


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (3, "a source string, a Source, a function or a module, not int: 3"),
        (None, "not NoneType"),
        (b"channel.send(1)", "not bytes"),
        (PurePath("program.py"), "to send a file, read it: Path(...).read_text()"),
        (ValueError("channel.send(1)"), "not ValueError"),
        (Holder().bound, "a bound method needs its object"),
        (len, "the only callables that can be sent are plain functions"),
        (Holder, "the only callables that can be sent are plain functions"),
        (cached, "the only callables that can be sent are plain functions"),
        (functools.partial(sends_its_argument, value=1), "callables that can be sent are plain functions"),
        (compile("1", "x", "eval"), "not code"),
    ],
)
def test_other_things_are_refused(thing: object, sentence: str) -> None:
    with pytest.raises(TypeError, match="takes a source string") as caught:
        make_request(thing, {})
    assert sentence in str(caught.value)


def test_arguments_need_a_function() -> None:
    for source in ("channel.send(a)", os, Source("channel.send(a)")):
        with pytest.raises(TypeError, match="got the arguments a, b but no function to pass them to"):
            make_request(source, {"a": 1, "b": 2})


def test_no_warning_about_encodings_and_nothing_slow_at_import(tmp_path: Path) -> None:
    (tmp_path / "this_module.py").write_text("def f(channel):\n    channel.send(1)\n", encoding="utf-8")
    script = (
        "import sys, xnet_gateway.remote_source as r\n"
        "assert not {'inspect', 'symtable', 'ast', 'textwrap'} & set(sys.modules), sorted(sys.modules)\n"
        "import this_module\n"
        "r.make_request(this_module, {}); r.make_request(this_module.f, {})\n"
    )
    environment = {
        **os.environ,
        "PYTHONWARNDEFAULTENCODING": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONPATH": str(tmp_path),
    }
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, "")
