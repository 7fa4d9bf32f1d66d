"""The end of a process, told once."""

from __future__ import annotations

import threading

from gateway_helpers import PATIENCE_S
from xnet_gateway.exit_notice import ExitNotice


def test_each_action_runs_once_and_those_that_wait_go_on() -> None:
    notice = ExitNotice()
    calls: list[str] = []
    waiting = [threading.Thread(target=notice.wait, args=(PATIENCE_S,)) for _ in range(3)]
    for thread in waiting:
        thread.start()
    assert notice.when_told(lambda: calls.append("first"))
    # One that runs may ask again: it is told by the answer.
    assert notice.when_told(lambda: calls.append(str(notice.when_told(lambda: calls.append("never")))))
    notice.wait(0)
    assert (notice.told, calls) == (False, [])
    notice.tell()
    notice.tell()
    for thread in waiting:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert (notice.told, calls) == (True, ["first", "False"])
    notice.wait(None)
