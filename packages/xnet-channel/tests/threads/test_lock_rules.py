"""Methods that need a lock look if it is held, in tests and nowhere else. The rules are the module's text."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import threads_helpers
from raw_peer import raw_peer
from xnet_channel.platform.wait_list import IN_A_CHANGE, WaitList
from xnet_channel.threads.lock_rules import times_held
from xnet_channel.threads.session import Session
from xnet_channel.threads.writer import Writer
from xnet_wire import frames


def test_without_the_lock_it_is_an_error_of_ours() -> None:
    with raw_peer() as peer:
        with pytest.raises(
            AssertionError, match=r"Writer\.flush_locked is called without the lock of session"
        ):
            peer.session.writer.flush_locked()
        with peer.session.lock:
            assert peer.session.writer.flush_locked()


def test_how_often_it_is_held_is_known() -> None:
    with raw_peer() as peer:
        link = peer.session.link
        with link.lock:
            assert times_held(link) == 1
            with link.lock:
                assert times_held(link) == 2


def test_held_twice_no_wait_begins_and_it_is_held_as_before() -> None:
    with raw_peer() as peer:
        link = peer.session.link
        channel = peer.session.request(frames.INFO)
        with link.lock:
            with pytest.raises(RuntimeError, match="leave the wait to another thread"):
                channel.receive(0.01)
            with link.lock, pytest.raises(RuntimeError) as refused:
                WaitList().wait_locked(link.lock, 0.01)
            assert str(refused.value) == IN_A_CHANGE
            assert times_held(link) == 1
        assert not link.lock._is_owned()  # type: ignore[attr-defined]
        assert not peer.session.leading._leader


@pytest.mark.parametrize(("switch", "checked"), [("1", "True"), ("0", "False")])
def test_there_is_a_switch_and_without_it_nothing_is_loaded(switch: str, checked: str) -> None:
    program = f"""if 1:
        import sys
        from {Session.__module__} import Session
        from {Writer.__module__} import Writer
        print(hasattr(Writer.flush_locked, "__wrapped__"), "xnet_channel.threads.lock_rules" in sys.modules)
    """
    helpers = os.path.dirname(threads_helpers.__file__)
    paths = os.pathsep.join([helpers, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "XNET_CHECK_LOCKS": switch, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert done.stdout == f"{checked} {checked}\n"


#: Raises SIGUSR1 at one moment after the other of a send, until there are none, while another thread leads.
HANDLER = """if 1:
    import os, signal, sys, threading
    from threads_helpers import eventually, pair
    count = target = 0
    def trace(frame, event, arg):
        if "/xnet_channel/threads/" not in frame.f_code.co_filename or handled:
            return None
        frame.f_trace_opcodes = True
        return at_opcode
    def at_opcode(frame, event, arg):
        global count
        if event == "opcode" and not handled:
            count += 1
            if count == target:
                signal.raise_signal(signal.SIGUSR1)
        return at_opcode
    def handler(number, frame):
        handled.append(link.lock._is_owned())
        try:
            said.append(WAIT)
        except RuntimeError as error:
            said.append(str(error))
    with pair() as both:
        ours, theirs = both.channels()
        other, their_other = both.channels()
        link = both.initiator.link
        leader = threading.Thread(target=ours.receive)
        leader.start()
        assert eventually(lambda: both.initiator.leading._leader == leader.ident)
        signal.signal(signal.SIGUSR1, handler)
        refused = worked = 0
        while True:
            target += STEP
            count = 0
            handled, said = [], []
            sys.settrace(trace)
            other.send(target)
            sys.settrace(None)
            if link.lock._is_owned():
                print("the lock is kept", target); os._exit(1)
            while (item := their_other.receive(20)) != target:
                pass
            if not handled:
                break
            if "leave the wait" in str(said):
                refused += 1
                if not handled[0]:
                    print("refused without a reason", target); os._exit(1)
            else:
                worked += 1
            if not both.initiator.ping(b"%d" % target, 20) or not leader.is_alive():
                print("the session does not go on", target); os._exit(1)
    print("fine", refused > 0, worked > 0, flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize("checked", ["0", "1"])
@pytest.mark.parametrize("wait", ["both.initiator.ping(b'handler', 20)", "other.receive(0.001)"])
def test_a_signal_handler_that_waits_in_the_middle_of_a_change_is_refused(wait: str, checked: str) -> None:
    if "receive" in wait:
        wait = f"waits_for(lambda: {wait})"
    helpers = os.path.dirname(threads_helpers.__file__)
    paths = os.pathsep.join([helpers, os.environ.get("PYTHONPATH", "")])
    program = HANDLER.replace("WAIT", wait).replace("STEP", "3")
    head = """if 1:
    def waits_for(do):
        try:
            return do()
        except TimeoutError:
            return "nothing came"
"""
    done = subprocess.run(
        [sys.executable, "-c", head + program.replace("if 1:\n", "", 1)],
        # The compiled short way has no middle in which a handler could come.
        env={**os.environ, "XNET_PURE": "1", "XNET_CHECK_LOCKS": checked, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stdout == "fine True True\n", done.stdout + done.stderr[-2000:]
