"""Workers in which executed code has changed what imports need, builtins or ``sys.modules``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import xnet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 60

#: What code may do to a worker. Each is what some program, sandbox or test does.
CHANGES = {
    "the path of another interpreter": "sys.path[:] = ['/no/such']",
    "no path": "sys.path = []",
    "no way to find": "sys.path[:] = []; sys.meta_path[:] = []; sys.path_hooks[:] = [];"
    " sys.path_importer_cache.clear()",
    "nothing but None": "sys.path = sys.meta_path = sys.path_hooks = None",
    "no modules": "sys.modules.clear()",
    "no modules, no path": "sys.modules.clear(); sys.path[:] = []; sys.meta_path[:] = []",
    "no builtins for input and output": "builtins.print = None; builtins.open = None; del builtins.input",
    "no open": "del builtins.open",
    "a sandbox": "for name in 'open compile exec eval input __import__ vars breakpoint'.split():"
    " builtins.__dict__.pop(name, None)",
    "no __import__": "builtins.__import__ = None",
    "an __import__ that refuses": "builtins.__import__ = refuse",
    "all of it": "sys.path[:] = []; sys.meta_path[:] = []; sys.path_hooks[:] = [];"
    " builtins.__import__ = refuse;"
    " del builtins.open; builtins.print = None; sys.modules.clear()",
}

#: Says which modules are loaded from now on, without the worker's own way to do it.
WATCH = """
import sys
try:
    import builtins
except ImportError:
    import __builtin__ as builtins
late = []
if hasattr(sys, "addaudithook"):
    own_imports = channel.gateway._own_imports
    from _thread import get_ident
    def note(event, arguments, inside=own_imports._inside, ident=get_ident):
        if event == "import" and ident() not in inside:
            late.append(arguments[0])
    sys.addaudithook(note)
def refuse(*arguments, **named):
    raise ImportError("nothing is imported here")
builtins.late = late
{change}
"""


def interpreters() -> list[str]:
    """Return specifications: the full worker, the bare one in this version, in Python 2 and in others."""
    found = [f"popen//execmodel={name}" for name in ("thread", "main_thread_only", "gevent", "eventlet")]
    bare = f"command=env//python={sys.executable}"
    return [*found, bare, f"{bare}//execmodel=gevent"]


@pytest.fixture
def group() -> Iterator[xnet.Group]:
    made = xnet.Group()
    yield made
    made.terminate(10)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("spec", interpreters())
def test_a_worker_goes_on(group: xnet.Group, spec: str, change: str, tmp_path: Path) -> None:
    library = spec.rpartition("//execmodel=")[2]
    if library in ("gevent", "eventlet") and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed here")
    gateway = group.makegateway(spec)
    gateway.remote_exec(WATCH.format(change=CHANGES[change])).waitclose(PATIENCE_S)
    for action in ACTIONS:
        try:
            action(group, gateway, tmp_path)
        except Exception as error:  # noqa: PERF203 - a dozen rounds
            raise AssertionError(action.__name__) from error
    if "modules" not in change and "all" not in change:
        late = gateway.remote_exec("channel.send([str(name) for name in late])").receive(PATIENCE_S)
        assert late == []
    gateway.exit()
    assert gateway.wait(PATIENCE_S) == 0


def runs_callbacks(group: Any, gateway: Any, folder: Path) -> None:
    channel = gateway.remote_exec("""if 1:
        inner = channel.gateway.newchannel()
        inner.setcallback(lambda item: channel.send(item + 1))
        channel.send(inner)
        channel.receive()
    """)
    channel.receive(PATIENCE_S).send(1)
    assert channel.receive(PATIENCE_S) == 2
    channel.send(None)
    channel.waitclose(PATIENCE_S)


def tells_of_callbacks_that_fail(group: Any, gateway: Any, folder: Path) -> None:
    channel = gateway.remote_exec("""if 1:
        def divide(item):
            return 1 // item
        inner = channel.gateway.newchannel()
        inner.setcallback(divide)
        channel.send(inner)
        channel.receive()
    """)
    inner = channel.receive(PATIENCE_S)
    inner.send(0)
    with pytest.raises(xnet.RemoteError) as caught:
        inner.waitclose(PATIENCE_S)
    assert "in divide\n" in str(caught.value)
    channel.send(None)
    channel.waitclose(PATIENCE_S)


def tells_of_errors(group: Any, gateway: Any, folder: Path) -> None:
    source = "def outer():\n    1 // 0  # this line\nouter()\n"
    with pytest.raises(xnet.RemoteError) as caught:
        gateway.remote_exec(source).waitclose(PATIENCE_S)
    text = str(caught.value)
    assert text.startswith("Traceback (most recent call last):\n")
    assert 'File "<remote exec>", line 2, in outer\n    1 // 0  # this line\n' in text
    assert "ZeroDivisionError: " in text
    with pytest.raises(xnet.RemoteError, match="SyntaxError"):
        gateway.remote_exec("a b").waitclose(PATIENCE_S)


def answers(group: Any, gateway: Any, folder: Path) -> None:
    assert gateway.remote_status(PATIENCE_S).numqueued == 0
    assert gateway._rinfo(update=True, timeout=PATIENCE_S).pid > 0


def runs_several(group: Any, gateway: Any, folder: Path) -> None:
    if gateway.spec.execmodel != "main_thread_only":
        first = gateway.remote_exec("channel.send(channel.receive())")
        assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
        first.send(2)
        assert first.receive(PATIENCE_S) == 2


def has_files(group: Any, gateway: Any, folder: Path) -> None:
    channel = gateway.remote_exec("""if 1:
        lines = channel.makefile("r")
        out = channel.makefile("w")
        out.write(lines.readline().upper())
    """)
    channel.send("a line\n")
    assert channel.receive(PATIENCE_S) == "A LINE\n"


def takes_large_things(group: Any, gateway: Any, folder: Path) -> None:
    source = "channel.send(len(channel.receive()))\nchannel.send(b'x' * 3000000)  #" + "x" * 2_000_000
    channel = gateway.remote_exec(source)
    channel.send(b"x" * 3_000_000)
    assert channel.receive(PATIENCE_S) == 3_000_000
    assert channel.receive(PATIENCE_S) == b"x" * 3_000_000


def converts_and_refuses(group: Any, gateway: Any, folder: Path) -> None:
    gateway.reconfigure(py2str_as_py3str=True, py3str_as_py2str=False)
    channel = gateway.remote_exec("""if 1:
        kind = type("int", (int,), {})
        channel.reconfigure(True, False)
        channel.send([kind(1), {(2.5, None)}, frozenset([2 ** 70]), 1j, channel])
        try:
            channel.send(object())
        except Exception as error:
            channel.send(type(error).__name__)
        channel.send_many([1, 2])
    """)
    assert channel.receive(PATIENCE_S)[:4] == [1, {(2.5, None)}, frozenset([2**70]), 1j]
    assert list(channel) == ["DumpError", 1, 2]


def runs_coroutines(group: Any, gateway: Any, folder: Path) -> None:
    channel = gateway.remote_exec("await channel.asend(await channel.areceive())")
    channel.send(3)
    assert channel.receive(PATIENCE_S) == 3
    channel.waitclose(PATIENCE_S)


def has_an_execution_model(group: Any, gateway: Any, folder: Path) -> None:
    channel = gateway.remote_exec("""if 1:
        model = channel.gateway.execmodel
        lock, event = model.RLock(), model.Event()
        with lock:
            event.set()
        channel.send(model.queue.__name__ + model.subprocess.__name__ + model.socket.__name__)
    """)
    assert "socket" in channel.receive(PATIENCE_S)


def receives_a_tree(group: Any, gateway: Any, folder: Path) -> None:
    source = folder / "source"
    source.mkdir(exist_ok=True)
    for turn in range(2):
        (source / "f\u00e9.txt").write_text(f"{turn}" * 20_000)
        sync = xnet.RSync(source, verbose=False)
        sync.add_target(gateway, folder / "copy", delete=True)
        sync.send()
        assert (folder / "copy" / "f\u00e9.txt").read_text() == f"{turn}" * 20_000


def reaches_others(group: Any, gateway: Any, folder: Path) -> None:
    if gateway.spec.execmodel == "main_thread_only":
        return
    for spec in (
        f"popen//via={gateway.id}",
        f"popen//python={sys.executable}//via={gateway.id}",
        f"socket//installvia={gateway.id}",
    ):
        inner = group.makegateway(spec)
        assert inner.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
        inner.exit()
        assert inner._wait_ended(None)


ACTIONS: list[Callable[[Any, Any, Path], None]] = [
    runs_callbacks,
    tells_of_callbacks_that_fail,
    tells_of_errors,
    answers,
    runs_several,
    has_files,
    takes_large_things,
    converts_and_refuses,
    runs_coroutines,
    has_an_execution_model,
    receives_a_tree,
    reaches_others,
]
