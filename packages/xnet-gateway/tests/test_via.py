"""Gateways reached through other gateways. Spec: GR-030."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway_helpers import MEGABYTE, PATIENCE_S, Gateways, Watched, eventually
from xnet_gateway.errors import HostNotFound
from xnet_gateway.gateway import Gateway
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec

LIST_FDS = "import os; channel.send(len(os.listdir('/proc/self/fd')))"


@pytest.fixture
def through(gateways: Gateways) -> Iterator[Callable[[Gateway, str], Gateway]]:
    made: list[Gateway] = []

    def make(master: Gateway, text: str) -> Gateway:
        made.append(begin(XSpec(text), master).finish())
        return made[-1]

    yield make
    for gateway in made:
        gateway._io.kill_now()
        gateway._wait_ended(time.monotonic() + PATIENCE_S)


Through = Callable[[Gateway, str], Gateway]


def test_it_works_like_a_local_one(gateways: Gateways, through: Through) -> None:
    master = gateways("popen//id=master")
    sub = through(master, "popen//via=master//id=sub")
    assert sub.pid not in (master.pid, None)
    assert sub._rinfo().pid == sub.pid
    assert "via master" in sub.remoteaddress
    channel = sub.remote_exec("for item in channel: channel.send(item)")
    for item in (1, "x", b"y" * 3 * MEGABYTE, {"a": [None]}):
        channel.send(item)
        assert channel.receive(PATIENCE_S) == item
    sub.exit()
    assert sub._wait_ended(time.monotonic() + PATIENCE_S)
    assert sub.returncode == 0
    assert master.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


def test_where_it_prints(gateways: Gateways, through: Through, tmp_path: Path) -> None:
    gateway = through(gateways("popen//id=m"), f"popen//via=m//id=sub//stdout={tmp_path / 'out'}")
    gateway.remote_exec("import sys; print('said'); sys.stdout.flush()").waitclose(PATIENCE_S)
    assert (tmp_path / "out").read_text() == "said\n"


def test_its_death_has_a_reason_and_does_not_matter_to_the_other(
    gateways: Gateways, through: Through
) -> None:
    master = gateways("popen//id=master")
    sub = through(master, "popen//via=master//id=sub")
    channel = sub.remote_exec("import os\nos.write(1, b'last words\\n')\nos.kill(os.getpid(), 9)")
    with pytest.raises(EOFError, match=r"SIGKILL(.|\n)*last words"):
        channel.receive(PATIENCE_S)
    assert master.remote_status().numexecuting == 0


def test_it_ends_with_the_one_that_carries_it(gateways: Gateways, through: Through) -> None:
    master = gateways("popen//id=master")
    sub = through(master, "popen//via=master//id=sub")
    channel = sub.remote_exec("channel.receive()")
    process = Watched(sub.pid)
    master._io.kill_now()
    with pytest.raises(EOFError):
        channel.receive(PATIENCE_S)
    assert process.wait_gone(PATIENCE_S)
    process.kill()


def test_a_failed_start_says_where(gateways: Gateways, through: Through) -> None:
    master = gateways("popen//id=master")
    with pytest.raises(HostNotFound, match="master"):
        through(master, "popen//via=master//id=sub//chdir=/nonexistent/a/b")


def test_starting_and_stopping_leaks_nothing_in_the_middle(gateways: Gateways, through: Through) -> None:
    master = gateways("popen//id=master")

    def cycle(number: int) -> None:
        sub = through(master, f"popen//via=master//id=sub{number}")
        assert sub.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
        if number % 2:
            sub._io.kill_now()
        sub.exit()
        assert sub._wait_ended(time.monotonic() + PATIENCE_S)

    cycle(0)
    cycle(1)

    def count() -> int:
        found = master.remote_exec(LIST_FDS).receive(PATIENCE_S)
        assert isinstance(found, int)
        return found

    before = count()
    for number in range(10):
        cycle(number)
    assert eventually(lambda: count() <= before, 5.0), (count(), before)
