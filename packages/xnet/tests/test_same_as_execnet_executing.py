"""Programs that execute code show the same on execnet and on xnet."""

from __future__ import annotations

import functools
import json
import sys
import types
from typing import TYPE_CHECKING

import pytest

import twin_sources
from execnet_twins import PATIENCE_S, Difference, Lab, Programs, Twins

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = Programs()
program = PROGRAMS.add


@program
def what_code_finds(lab: Lab) -> None:
    for expression in (
        "__name__",
        "sorted(name for name in globals() if name != '__doc__')",
        "channel.id % 2",
        "channel.isclosed()",
        "type(channel).__name__",
        "type(channel.gateway).__name__",
        "channel.gateway.id.endswith('-worker')",
        "__import__('sys').argv",
        "__import__('sys').path[0]",
        "__import__('os').getcwd()",
        "'__main__' in __import__('sys').modules",
        "__import__('sys').executable",
        "__import__('sys').flags.dont_write_bytecode",
        "type(channel.gateway.execmodel.RLock()).__name__",
        "channel.gateway.execmodel.backend",
        "repr(channel) == '<Channel id=%d open>' % channel.id",
    ):
        lab.execute(f"channel.send({expression})")


@program
def shapes_of_source(lab: Lab) -> None:
    for source in (
        "",
        "   ",
        "\n\n",
        "channel.send(1)",
        "    channel.send(1)\n    channel.send(2)\n",
        "\n  if 1:\n    channel.send(1)\n  channel.send(2)\n",
        "\tchannel.send(1)",
        "# a comment\nchannel.send(1)",
        '"""doc"""\nchannel.send(__doc__)',
        "from __future__ import annotations\nchannel.send(1)",
        "channel.send('\xe9\u20ac')",
        "channel.send(1);",
        "def f(): return GLOBAL\nGLOBAL = 5\nchannel.send(f())",
        "import os\ndef f(): return os.sep\nchannel.send(f())",
        "if __name__ == '__channelexec__': channel.send('here')",
        "if __name__ == '__main__': channel.send('not here')",
        "channel.send(channel)",
    ):
        channel = lab.gateway.remote_exec(source)
        try:
            item = channel.receive(PATIENCE_S)
            lab.show(item if item is not channel else "the channel itself")
        except EOFError:
            lab.show("nothing")
        channel.waitclose(PATIENCE_S)


@program
def code_that_fails(lab: Lab) -> None:
    for source in (
        "1/0",
        "x =",
        "return",
        "def f(): await x",
        "  a\n b",
        "raise ValueError('\xe9')",
        "class Own(Exception): pass\nraise Own('x')",
        "assert 0",
        "assert 0, 'because'",
        "undefined",
        "import no_such_module",
        "raise Exception",
        "channel.send(object())",
        "channel.receive(timeout=0.01)",
        "channel.send(1); raise channel.RemoteError('own')",
        "open('/no/such/file')",
        "exec('1/0')",
    ):
        lab.execute(source)


@program
def closing_ones_own_channel_is_refused(lab: Lab) -> None:
    lab.execute("""
        for error in (None, "words"):
            try:
                channel.close(error)
            except OSError as refusal:
                channel.send([type(refusal).__name__, channel.isclosed()])
    """)


@program
def code_that_leaves(lab: Lab) -> None:
    for source in (
        "raise SystemExit(3)",
        "import sys; sys.exit()",
        "import sys; sys.exit('words')",
        "raise KeyboardInterrupt",
        "raise EOFError",
        "raise EOFError('words')",
        "raise GeneratorExit",
    ):
        lab.execute(source)
    lab.execute("channel.send('still here')")


@program
def code_that_waits_for_a_closed_channel_ends_quietly(lab: Lab) -> None:
    results = lab.gateway.newchannel()
    channel = lab.gateway.remote_exec("""
        results = channel.receive()
        try:
            channel.receive()
        finally:
            results.send("left")
    """)
    channel.send(results)
    channel.close()
    lab.attempt(results.receive, PATIENCE_S)
    channel = lab.gateway.remote_exec("for item in channel: pass\nchannel.gateway")
    channel.close()
    lab.execute("channel.send('still here')")


@program
def standard_streams(lab: Lab) -> None:
    lab.execute(
        "import sys; channel.send([sys.stdin.read(), sys.stdin.fileno(), sys.stdin.isatty(), sys.stdin.mode])"
    )
    lab.execute("import sys; channel.send([sys.stdout.fileno(), sys.stdout.isatty(), sys.stderr.fileno()])")
    lab.execute("input()")
    lab.execute("import sys; channel.send(sys.stdin.readline())")
    lab.execute("import os; channel.send(os.read(0, 10))")


@program
def remote_errors(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("def f():\n    raise ValueError('words')\nf()")
    with pytest.raises(lab.execnet.RemoteError) as caught:
        channel.waitclose(PATIENCE_S)
    error = caught.value
    lab.show(error.formatted.startswith("Traceback (most recent call last):"), error.formatted == str(error))
    lab.show(error.formatted.endswith("ValueError: words\n"), "in f\n" in error.formatted)
    lab.show(repr(error) == f"RemoteError: {error.formatted}", isinstance(error, channel.RemoteError))
    own = lab.execnet.RemoteError("words")
    lab.show(str(own), repr(own), own.formatted, isinstance(own, OSError))
    lab.attempt(lab.execnet.RemoteError)


@program
def functions(lab: Lab) -> None:
    sources = twin_sources
    for function in (
        sources.sends_one,
        sources.uses_builtins,
        sources.imports_inside,
        sources.defines_inside,
    ):
        lab.execute(function)
    for function in (sources.fails, sources.NESTED, sources.Holder.static, sources.returns_something):
        lab.execute(function)
    lab.execute(sources.shows_itself)


@program
def functions_with_arguments(lab: Lab) -> None:
    function = twin_sources.sends_its_arguments
    lab.execute(function, first=1)
    lab.execute(function, first=[None, {"a": (1,)}], second="x", keyword=b"y", other=3)
    lab.execute(function)
    lab.execute(twin_sources.sends_one, unknown=1)
    lab.attempt(lab.gateway.remote_exec, function, first=object())
    lab.execute(function, channel=1, first=2)
    lab.execute(function, source_file=1, first=2)


@program
def functions_that_cannot_be_sent(lab: Lab) -> None:
    sources = twin_sources
    for function in (
        sources.takes_no_channel,
        sources.calls_it_otherwise,
        sources.uses_a_global,
        sources.uses_an_import,
        sources.CLOSURE,
        sources.Holder.method,
        sources.WRAPPER,
    ):
        lab.attempt(lab.gateway.remote_exec, function)
    lab.attempt(lab.gateway.remote_exec, "channel.send(1)", first=1)
    lab.attempt(lab.gateway.remote_exec, twin_sources, first=1)


@program
def functions_that_xnet_can_send(lab: Lab) -> None:
    for function in (twin_sources.has_a_comprehension, twin_sources.calls_itself_by_name):
        lab.execute(function)


@program
def things_that_are_no_source(lab: Lab) -> None:
    things = [None, 5, b"channel.send(1)", ["x"], len, functools.partial(twin_sources.sends_one), object()]
    for thing in [*things, twin_sources.Holder().method, twin_sources.Holder]:
        lab.execute(thing)


@program
def modules(lab: Lab) -> None:
    lab.execute(twin_sources)
    lab.attempt(lab.gateway.remote_exec, sys)
    lab.attempt(lab.gateway.remote_exec, types.ModuleType("made_up"))
    lab.execute(json)


@program
def a_module_is_read_again(lab: Lab) -> None:
    path = _folder / "twin_module.py"
    path.write_text("if __name__ == '__channelexec__': channel.send(1)\n")
    sys.path.insert(0, str(_folder))
    try:
        module = __import__("twin_module")
    finally:
        sys.path.remove(str(_folder))
    lab.execute(module)
    path.write_text("if __name__ == '__channelexec__': channel.send('changed')\n")
    lab.execute(module)
    del sys.modules["twin_module"]


@program
def globals_are_not_shared_but_modules_are(lab: Lab) -> None:
    lab.execute("x = 5; import string; string.mine = 6")
    lab.execute("import string; channel.send([string.mine, 'x' in globals()])")
    lab.execute("import string; del string.mine")


@program
def threads_of_code_outlive_it(lab: Lab) -> None:
    results = lab.gateway.newchannel()
    channel = lab.gateway.remote_exec("""
        import threading
        results = channel.receive()
        go = threading.Event()
        def later():
            go.wait(200)
            try:
                channel.send(1)
            except OSError as error:
                results.send(type(error).__name__)
        threading.Thread(target=later).start()
        import string
        string.go = go
    """)
    channel.send(results)
    channel.waitclose(PATIENCE_S)
    lab.execute("import string; string.go.set(); del string.go")
    lab.attempt(results.receive, PATIENCE_S)


@program
def a_worker_uses_its_side_of_the_gateway(lab: Lab) -> None:
    lab.execute("""
        gateway = channel.gateway
        inner = gateway.newchannel()
        channel.send(inner.id % 2)
        event = gateway.execmodel.Event()
        event.set()
        channel.send(event.is_set())
        channel.send(channel.gateway is inner.gateway)
    """)


_folder: Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    global _folder
    _folder = tmp_path


ON_PURPOSE = {
    "functions_that_xnet_can_send": Difference(
        "global names are found by Python's rules, not by looking for names that are no arguments",
        ["[[0, 1, 2]]", "['calls_itself_by_name']"],
    ),
    "things_that_are_no_source": Difference(
        "what is no text, function or module is a TypeError, not executed by its repr()",
        ["raises TypeError"] * 9,
    ),
}


@pytest.mark.parametrize("name", PROGRAMS.by_name)
def test_same(name: str, twins: Twins) -> None:
    PROGRAMS.compare(name, twins, ON_PURPOSE)
