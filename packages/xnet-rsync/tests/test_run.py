"""All targets at the same time: none holds another back, and whatever ends a sync ends all of it."""

from __future__ import annotations

import math
import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from gateway_helpers import busy
from rsync_helpers import Gateways, eventually, look, sync, write
from xnet_channel.platform.native import start_thread
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync, SyncError, run
from xnet_rsync.result import TargetResult

NOISE = random.Random(1).randbytes(6_000_000)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    write(root / "large", NOISE)
    for number in range(200):
        write(root / f"d{number % 7}" / f"f{number}", str(number) * 100)
    return root


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("xnet-rsync")]


def test_many_targets_get_the_same(source: Path, gateways: Gateways, tmp_path: Path) -> None:
    rsync = RSync(source, verbose=False)
    for number in range(5):
        rsync.add_target(gateways(), tmp_path / f"copy{number}")
    result = rsync.send()
    assert result is not None
    for number in range(5):
        assert look(tmp_path / f"copy{number}") == look(source)
    assert [target.files_done for target in result.targets] == [201] * 5
    assert all(target.finished and target.seconds > 0 for target in result.targets)
    assert not threads()


class Stopped:
    """A gateway whose process does nothing until it is continued."""

    def __init__(self, gateway: Gateway) -> None:
        self.pid = gateway.pid
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def test_a_target_that_sleeps_does_not_hold_the_others_back(
    source: Path, gateways: Gateways, tmp_path: Path
) -> None:
    sleeper, one, other = gateways("popen//id=sleeper"), gateways(), gateways()
    finished: list[str] = []
    stopped = Stopped(sleeper)

    def done(name: str) -> None:
        finished.append(name)
        if len(finished) == 2:
            stopped.go_on()  # both others are done while this one has not begun

    rsync = RSync(source, verbose=False)
    rsync.add_target(sleeper, tmp_path / "sleeper", finishedcallback=lambda: done("sleeper"))
    rsync.add_target(one, tmp_path / "one", finishedcallback=lambda: done("one"))
    rsync.add_target(other, tmp_path / "other", finishedcallback=lambda: done("other"))
    rsync.send()
    assert sorted(finished[:2]) == ["one", "other"]
    assert finished[2] == "sleeper"
    assert look(tmp_path / "sleeper") == look(source)


def test_a_target_that_says_nothing_is_given_up(source: Path, gateways: Gateways, tmp_path: Path) -> None:
    sleeper, one = gateways("popen//id=sleeper"), gateways()
    stopped = Stopped(sleeper)
    try:
        stall_s = math.ceil(busy())  # the other one may be silent for a while, too
        rsync = RSync(source, verbose=False, stall_timeout=stall_s)
        rsync.add_target(sleeper, tmp_path / "sleeper")
        rsync.add_target(one, tmp_path / "one")
        with pytest.raises(
            SyncError, match=rf"sleeper:.*the receiver has not been heard from for {stall_s:g} s"
        ) as caught:
            rsync.send()
    finally:
        stopped.go_on()
    assert [target.finished for target in caught.value.result.targets] == [False, True]
    assert look(tmp_path / "one") == look(source)
    assert not threads()


class Killing(RSync):
    """Kills a target when the first file is sent to it."""

    victim: Gateway

    def _report_send_file(self, gateway: Gateway, modified_rel_path: str) -> None:
        if gateway is self.victim:
            self.victim._io.kill_now()


def test_a_target_that_dies_is_named_and_the_others_are_served(
    source: Path, gateways: Gateways, tmp_path: Path
) -> None:
    victim, one = gateways("popen//id=victim"), gateways()
    write(source / "huge", NOISE * 10)
    rsync = Killing(source)
    rsync.victim = victim
    rsync.add_target(victim, tmp_path / "victim")
    rsync.add_target(one, tmp_path / "one")
    with pytest.raises(SyncError, match=r"victim:.*killed") as caught:
        rsync.send()
    assert caught.value.result.targets[1].finished
    assert look(tmp_path / "one") == look(source)


class Reason(BaseException):
    """Like an interrupt: it comes from a callback, in the thread that called ``send``."""


@pytest.mark.parametrize("where", ["filter", "report", "callback", "finished", "progress"])
def test_an_error_of_the_caller_ends_all_and_removes_nothing(
    where: str, source: Path, gateways: Gateways, tmp_path: Path
) -> None:
    class Failing(RSync):
        def filter(self, path: str) -> bool:
            if where == "filter" and path.endswith("f5"):
                raise Reason
            return True

        def _report_send_file(self, gateway: Gateway, modified_rel_path: str) -> None:
            if where == "report":
                raise Reason

    def fail(*arguments: object) -> None:
        raise Reason

    rsync = Failing(
        source,
        verbose=False,
        callback=fail if where == "callback" else None,
        progress=fail if where == "progress" else None,
    )
    targets: list[Gateway] = []
    for number in range(2):
        write(tmp_path / f"copy{number}" / "d5" / "extra")
        write(tmp_path / f"copy{number}" / "d5" / "f5", "old")
        finished = fail if where == "finished" else None
        targets.append(gateways())
        rsync.add_target(targets[-1], tmp_path / f"copy{number}", finishedcallback=finished, delete=True)
    with pytest.raises(Reason):
        rsync.send()
    assert eventually(lambda: not threads())
    for gateway in targets:  # who receives tidies up
        assert eventually(lambda gateway=gateway: gateway.remote_status().numexecuting == 0)  # type: ignore[misc]
    for number in range(2):
        copy = look(tmp_path / f"copy{number}")
        if where in ("filter", "report", "callback"):
            assert b"d5/extra" in copy
        for path, facts in copy.items():
            if facts[0] == "file" and path not in (b"d5/extra", b"d5/f5") and b".xnet-rsync-" not in path:
                assert facts[-1] == (source / os.fsdecode(path)).read_bytes()
    for gateway in gateways.started:
        sync(source, gateway, tmp_path / f"copy{gateways.started.index(gateway)}", delete=True)
    assert look(tmp_path / "copy0") == look(tmp_path / "copy1") == look(source)


def test_two_directories_of_one_gateway(source: Path, gateways: Gateways, tmp_path: Path) -> None:
    for spec in ("popen", "popen//execmodel=main_thread_only"):
        gateway = gateways(spec)
        rsync = RSync(source, verbose=False)
        rsync.add_target(gateway, tmp_path / gateway.id / "one")
        rsync.add_target(gateway, tmp_path / gateway.id / "other")
        rsync.send()
        assert look(tmp_path / gateway.id / "one") == look(tmp_path / gateway.id / "other") == look(source)


def test_progress_is_told_while_it_goes_on_and_at_the_end(
    source: Path, gateways: Gateways, tmp_path: Path
) -> None:
    seen: list[list[tuple[int, int]]] = []

    def note(targets: list[TargetResult]) -> None:
        seen.append([(target.files_done, target.files_needed) for target in targets])

    stopped = Stopped(gateways())

    def note_and_go_on(targets: list[TargetResult]) -> None:
        note(targets)
        if len(seen) == 3:
            stopped.go_on()

    rsync = RSync(source, verbose=False, progress=note_and_go_on)
    rsync.add_target(gateways.started[0], tmp_path / "one")
    rsync.add_target(gateways(), tmp_path / "other")
    rsync.send()
    assert len(seen) >= 4
    assert seen[-1] == [(201, 201), (201, 201)]
    assert seen[0] != seen[-1]


def test_over_another_gateway(source: Path, gateways: Gateways, tmp_path: Path) -> None:
    master = gateways("popen//id=master")
    behind = gateways("popen//via=master", master)
    sync(source, behind, tmp_path / "copy")
    assert look(tmp_path / "copy") == look(source)
    write(source / "large", b"x" + NOISE)
    assert sync(source, behind, tmp_path / "copy").bytes_sent < len(NOISE) / 20


def test_a_gateway_that_coerces_strings(source: Path, gateways: Gateways, tmp_path: Path) -> None:
    gateway = gateways()
    gateway.reconfigure(py2str_as_py3str=False, py3str_as_py2str=True)
    sync(source, gateway, tmp_path / "copy")
    assert look(tmp_path / "copy") == look(source)


def test_an_interrupt_before_the_walk_begins_ends_it(
    source: Path, gateways: Gateways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread of the target waited for ever for what the walk was to find."""

    def start(serve: Any, *arguments: Any, **keywords: Any) -> None:
        start_thread(serve, *arguments, **keywords)
        assert eventually(lambda: serve.__self__._index._news._waiters)
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "start_thread", start)
    rsync = RSync(source, verbose=False)
    rsync.add_target(gateways(), tmp_path / "copy")
    with pytest.raises(KeyboardInterrupt):
        rsync.send()
    assert eventually(lambda: not threads())


def test_an_interrupt_ends_it(source: Path, gateways: Gateways, tmp_path: Path) -> None:
    sleeper = gateways()
    stopped = Stopped(sleeper)
    rsync = RSync(source, verbose=False)
    rsync.add_target(sleeper, tmp_path / "copy")

    def interrupt() -> None:
        eventually(lambda: bool(threads()))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            rsync.send()
        assert eventually(lambda: not threads())
    finally:
        stopped.go_on()
