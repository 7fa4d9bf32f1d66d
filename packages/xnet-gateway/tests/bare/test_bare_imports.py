"""A bare worker of every Python whose code has changed what imports need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_helpers import PATIENCE_S
from xnet_channel.threads.errors import RemoteError

if TYPE_CHECKING:
    from pathlib import Path

    from bare_helpers import BareGateways

CHANGES = {
    "no path": "sys.path[:] = ['/no/such']",
    "no way to find": "sys.path = []; sys.meta_path[:] = []; sys.path_hooks[:] = [];"
    " sys.path_importer_cache.clear()",
    "no modules": "sys.modules.clear()",
    "a sandbox": "for name in 'open compile eval input __import__ vars'.split():"
    " builtins.__dict__.pop(name, None)",
    "no builtins": "builtins.open = None; builtins.__import__ = None; setattr(builtins, 'print', None)",
}
#: Keeps the module of the change alive, which Python 2 empties when nobody holds it.
BEFORE = """
import sys
try:
    import builtins
except ImportError:
    import __builtin__ as builtins
{change}
"""


@pytest.mark.parametrize("change", CHANGES)
def test_it_goes_on(bare: BareGateways, version: str, change: str) -> None:
    worker = bare(version)
    worker.remote_exec(BEFORE.format(change=CHANGES[change])).waitclose(PATIENCE_S)

    with pytest.raises(RemoteError) as caught:
        worker.remote_exec("def outer():\n    1 // 0  # this line\nouter()\n").waitclose(PATIENCE_S)
    text = str(caught.value)
    assert text.startswith("Traceback (most recent call last):\n")
    assert 'File "<remote exec>", line 2, in outer\n    1 // 0  # this line\n' in text
    assert "ZeroDivisionError: " in text
    if not (change == "no modules" and version.startswith("pypy")):
        assert "plain" not in text

    channel = worker.remote_exec(
        "inner = channel.gateway.newchannel()\n"
        "inner.setcallback(lambda item: channel.send(1 // item))\n"
        "channel.send(inner)\n"
        "channel.receive()\n"
    )
    inner = channel.receive(PATIENCE_S)
    inner.send(1)
    assert channel.receive(PATIENCE_S) == 1
    inner.send(0)
    with pytest.raises(RemoteError, match=r"(?s)Traceback.*ZeroDivisionError"):
        inner.waitclose(PATIENCE_S)
    channel.send(None)
    channel.waitclose(PATIENCE_S)

    channel = worker.remote_exec("out = channel.makefile('w')\nout.write(channel.makefile('r').readline())")
    channel.send("a line\n")
    assert channel.receive(PATIENCE_S) in ("a line\n", b"a line\n")
    model = "channel.gateway.execmodel.RLock(); channel.gateway.execmodel.queue; channel.send(1)"
    assert worker.remote_exec(model).receive(PATIENCE_S) == 1
    assert worker.remote_status(PATIENCE_S).numqueued == 0
    large = worker.remote_exec("channel.send(len(channel.receive()))  #" + "x" * 2_000_000)
    large.send(b"x" * 3_000_000)
    assert large.receive(PATIENCE_S) == 3_000_000
    assert worker._rinfo(update=True).pid > 0


def test_modules_are_those_of_the_beginning(bare: BareGateways, version: str, tmp_path: Path) -> None:
    """What lies first on the path later is the code's, and not taken for what the worker needs."""
    worker = bare(version)
    source = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.path_importer_cache.clear()"
    for name in ("traceback", "linecache"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not mine')\n")
    worker.remote_exec(source).waitclose(PATIENCE_S)
    with pytest.raises(RemoteError) as caught:
        worker.remote_exec("1 // 0").waitclose(PATIENCE_S)
    assert "plain" not in str(caught.value)
    assert "ZeroDivisionError" in str(caught.value)
