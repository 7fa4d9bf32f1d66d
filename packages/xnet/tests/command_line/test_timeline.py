from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trace_files import Process, a_conversation
from xnet.command_line.timeline import Moment, Timeline
from xnet.command_line.trace_reading import Reader

HOUR_NS = 3600 * 10**9


def read(*paths: Path) -> list[Moment]:
    return list(Timeline([Reader(str(path)) for path in paths]).moments())


def causes_come_first(moments: list[Moment]) -> bool:
    """Whether no frame was received before it was sent, between gw0 and its worker."""
    sent: dict[bool, int] = {True: 0, False: 0}
    received: dict[bool, int] = {True: 0, False: 0}
    for moment in moments:
        at_worker = moment.entry.side.endswith("worker")
        if moment.entry.direction == "sent":
            sent[at_worker] += 1
        elif moment.entry.direction:
            received[at_worker] += 1
            if received[at_worker] > sent[not at_worker]:
                return False
    return True


@pytest.mark.parametrize("ahead_ns", [0, HOUR_NS, -HOUR_NS // 7])
def test_clocks_are_set_right(ahead_ns: int, tmp_path: Path) -> None:
    here, there = a_conversation(tmp_path, ahead_ns)
    moments = read(there.json, here.json)
    assert len(moments) == 15
    assert causes_come_first(moments)
    times = [moment.ns for moment in moments if moment.ns is not None]
    assert times == sorted(times)
    # Four ticks, give or take what the ways could have been.
    assert 3_000_000 <= times[-1] <= 5_000_000


def test_text_has_no_times_but_an_order(tmp_path: Path) -> None:
    here, there = a_conversation(tmp_path)
    for files in ((here.text, there.text), (there.text, here.text)):
        moments = read(*files)
        assert [moment.ns for moment in moments] == [None] * 15
        assert causes_come_first(moments)


def test_one_of_each_form(tmp_path: Path) -> None:
    here, there = a_conversation(tmp_path)
    assert causes_come_first(read(here.json, there.text))
    assert causes_come_first(read(there.json, here.text))


def test_lines_of_both_in_one_file_in_any_order(tmp_path: Path) -> None:
    """As standard error has them with EXECNET_DEBUG=2: a worker's come late."""
    here, there = a_conversation(tmp_path)
    lines = [f"[100] {line}" for line in here.text.read_text().splitlines(True)]
    lines += [f"[200] {line}" for line in there.text.read_text().splitlines(True)]
    path = tmp_path / "log"
    path.write_text("".join(lines))
    moments = read(path)
    assert len(moments) == 15
    assert causes_come_first(moments)


def test_a_name_that_is_used_again(tmp_path: Path) -> None:
    here = Process(tmp_path, 1)
    there = [Process(tmp_path, 200), Process(tmp_path, 300)]
    for number, worker in enumerate(there):
        here.tracer.event("gw0", f"connecting to pid {(number + 2) * 100} for 'popen'")
        here.sent("gw0", 3, 0)
        worker.received("gw0-worker", 3, 0)
        worker.sent("gw0-worker")
        here.received("gw0")
        here.sent("gw0")
    timeline = Timeline([Reader(str(one.json)) for one in (here, *there)])
    assert timeline.peers[1, "gw0", 0] == (200, "gw0-worker", 0)
    assert timeline.peers[1, "gw0", 1] == (300, "gw0-worker", 0)
    assert [moment.number for moment in timeline.moments() if moment.end == (1, "gw0", 1)] == [-1, 0, 0, 1]


def test_two_programs_with_the_same_names_are_not_joined(tmp_path: Path) -> None:
    processes = [Process(tmp_path, pid) for pid in (1, 2, 3, 4)]
    for process, side in zip(processes, ("gw0", "gw0", "gw0-worker", "gw0-worker"), strict=True):
        process.received(side)
        process.sent(side)
    timeline = Timeline([Reader(str(one.json)) for one in processes])
    assert timeline.peers == {}
    assert len(list(timeline.moments())) == 8


@given(data=st.data())
def test_whatever_is_missing_nothing_else_is_lost(data: st.DataObject) -> None:
    """Files that lack their beginning, their end or lines in between: every entry comes out once."""
    with tempfile.TemporaryDirectory() as folder:
        here, there = a_conversation(Path(folder), data.draw(st.sampled_from([0, HOUR_NS])))
        paths = [data.draw(st.sampled_from([one.json, one.text])) for one in (here, there)]
        kept = 0
        for path in paths:
            lines = path.read_text().splitlines(True)
            lines = [line for line in lines if data.draw(st.booleans())]
            kept += len(lines)
            path.write_text("".join(lines))
        assert len(read(*paths)) == kept


def test_no_files_and_empty_ones(tmp_path: Path) -> None:
    assert read() == []
    (tmp_path / "empty").touch()
    assert read(tmp_path / "empty") == []
