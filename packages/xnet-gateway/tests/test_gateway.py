"""The gateway as programs see it; names and defaults are execnet's (COMPAT)."""

from __future__ import annotations

import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from bare_helpers import PREAMBLE
from gateway_helpers import PATIENCE_S, Gateways, busy
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_gateway.process import WorkerProcess
from xnet_gateway.source import Source
from xnet_wire import frames
from xnet_wire.errors import DumpError
from xnet_wire.hello import encode_hello
from xnet_wire.messages import Hello


def multiply(channel: Any, factor: int = 2) -> None:
    for item in channel:
        channel.send(item * factor)


FAKE = """\
#!{python}
import os, sys
os.write(1, {hello!r})
while os.read(0, 65536): pass
"""


def test_ve_002_python_is_not_sent_to_what_executes_something_else(
    gateways: Gateways, tmp_path: Path
) -> None:
    hello = encode_hello(Hello("a test", features=("other", "exec.javascript")))
    said = PREAMBLE + frames.encode_header(frames.HELLO, 0, len(hello)) + hello
    script = tmp_path / "node"
    script.write_text(FAKE.format(python=sys.executable, hello=said))
    script.chmod(0o755)
    gateway = gateways(f"command={script}")
    for source in (multiply, textwrap, Source("1", language="python")):
        with pytest.raises(ValueError, match="executes javascript, not python"):
            gateway.remote_exec(source)
    assert not gateway.remote_exec(Source("1", language="javascript")).isclosed()
    assert not gateway.remote_exec("channel.send(42)").isclosed()


def test_attributes(shared: Gateway) -> None:
    assert shared.id == "shared"
    assert str(shared.spec) == "popen//id=shared"
    assert shared.remoteaddress == "localhost"
    assert shared.hasreceiver()
    assert isinstance(shared._io, WorkerProcess)
    assert shared._io.popen.pid == shared.pid == shared._rinfo().pid
    assert shared.returncode is None
    assert shared.wait(0) is None
    shared.node = "anything"  # type: ignore[attr-defined]
    assert repr(shared) == "<Gateway id='shared' receive-live, thread model, 0 active channels>"


def test_gw_003_functions_with_arguments(shared: Gateway) -> None:
    channel = shared.remote_exec(multiply, factor=3)
    channel.send(14)
    assert channel.receive(PATIENCE_S) == 42


def test_arguments_that_cannot_be_sent_leave_the_gateway_usable(shared: Gateway) -> None:
    with pytest.raises(DumpError, match="object"):
        shared.remote_exec(multiply, factor=object())
    assert shared.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


def test_gw_002_arguments_are_not_coerced_by_reconfigure(gateways: Gateways) -> None:
    gateway = gateways()
    gateway.reconfigure(py3str_as_py2str=True)
    channel = gateway.remote_exec(tell_type, value="text")
    assert channel.receive(PATIENCE_S) in ("str", b"str")


def tell_type(channel: Any, value: object) -> None:
    channel.send(type(value).__name__)


@pytest.mark.parametrize("size", [900_000, 3_000_000])
def test_gw_001_large_sources_and_arguments(shared: Gateway, size: int) -> None:
    """A request is one frame; what does not fit travels as an item, and nothing else changes."""
    source = f"assert __name__ == '__channelexec__'\nchannel.send(len({'x' * size!r}))"
    assert shared.remote_exec(source).receive(PATIENCE_S) == size
    assert shared.remote_exec(tell_size, value=b"x" * size).receive(PATIENCE_S) == size
    failing = shared.remote_exec(f"text = {'x' * size!r}\nraise ValueError('the reason')")
    with pytest.raises(RemoteError, match=r"raise ValueError\('the reason'\)"):
        failing.receive(PATIENCE_S)


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_gw_026_coroutines_of_any_size(shared: Gateway, size: int) -> None:
    source = f"import asyncio\nawait asyncio.sleep(0)\nawait channel.asend(len({'x' * size!r}))"
    assert shared.remote_exec(source).receive(PATIENCE_S) == size
    assert shared.remote_exec(tell_size_later, value=b"x" * size).receive(PATIENCE_S) == size
    with pytest.raises(RemoteError, match=r"raise ValueError\('the reason'\)"):
        shared.remote_exec(
            f"text = {'x' * size!r}\nawait channel.asend(1)\nraise ValueError('the reason')"
        ).waitclose(PATIENCE_S)


async def tell_size_later(channel: Any, value: bytes) -> None:
    await channel.asend(len(value))


def tell_size(channel: Any, value: bytes) -> None:
    channel.send(len(value))


def test_rinfo_is_asked_once(gateways: Gateways) -> None:
    gateway = gateways()
    with pytest.raises(AttributeError):
        _ = gateway._cache_rinfo
    first = gateway._rinfo()
    assert gateway._rinfo() is first is gateway._cache_rinfo
    assert gateway._rinfo(update=True) is not first
    gateway._cache_rinfo = first  # as programs written for execnet do
    assert gateway._rinfo() is first
    del gateway._cache_rinfo
    assert gateway._rinfo() is not first


def test_remote_init_threads_is_deprecated(shared: Gateway) -> None:
    with pytest.deprecated_call():
        shared.remote_init_threads(3)


def test_what_is_sent_on_a_new_channel_waits_for_whom_it_is_given_to(shared: Gateway) -> None:
    """Spec: CH-008, CH-010."""
    channel = shared.newchannel()
    channel.send("early")
    task = shared.remote_exec("other = channel.receive(); channel.send(other); other.send(other.receive())")
    task.send(channel)
    assert task.receive(PATIENCE_S) is channel
    assert channel.receive(PATIENCE_S) == "early"


def test_execmodel_of_this_side(shared: Gateway) -> None:
    event = shared.execmodel.Event()
    event.set()
    assert event.is_set()


def test_after_the_end(gateways: Gateways) -> None:
    gateway = gateways()
    channel = gateway.remote_exec("channel.receive()")
    gateway.exit()
    gateway.join(PATIENCE_S)
    assert gateway.wait(PATIENCE_S) == 0
    assert repr(gateway).startswith("<Gateway id='gw0' not-receiving")
    for action in (
        lambda: gateway.remote_exec("1"),
        gateway.remote_status,
        gateway.newchannel,
        gateway.reconfigure,
        lambda: channel.send(1),
    ):
        with pytest.raises(OSError, match="cannot send"):
            action()
    gateway.exit()
    gateway._kill()
    assert gateway._wait_ended(time.monotonic())


def test_join_ends_on_time(shared: Gateway) -> None:
    began_s = time.monotonic()
    shared.join(0.05)
    assert 0.05 <= time.monotonic() - began_s < 2.0 * busy()
    assert shared.hasreceiver()
