"""SIGINT at each moment of a call at which it can come: nothing is half done, and the session works on.

What is half sent (a credit that was counted and not queued, a frame taken and not written) would show as a
peer that waits for ever, which a test that sends interrupts by a clock finds once in twenty runs.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import threads_helpers

#: Calls ``do()`` again and again, with an interrupt one moment later each time, until there is none more.
PROGRAM = """if 1:
    import dis, faulthandler, functools, os, signal, sys, threading, traceback
    from threads_helpers import eventually, pair
    from xnet_channel.threads.errors import TimeoutError
    from xnet_wire import frames
    count = target = 0
    where = ""
    # Where CPython looks for signals: as a function begins, after a call, at the end of a loop. Elsewhere an
    # interrupt cannot come, and `with` and `try ... finally` depend on that.
    LOOKED_AFTER = {{number for name, number in dis.opmap.items() if name.startswith(("CALL", "JUMP_BACK"))}}
    if sys.version_info < (3, 11):
        LOOKED_AFTER |= {{dis.opmap["JUMP_ABSOLUTE"], dis.opmap["POP_JUMP_IF_FALSE"]}}
    def trace(frame, event, arg):
        file = frame.f_code.co_filename
        if "/xnet_channel/" not in file or "/platform/interrupts" in file:
            return None
        frame.f_trace_opcodes = True
        after = places_after(frame.f_code)
        place = -1
        maybe_interrupt(frame)
        def at_opcode(frame, event, arg):
            nonlocal place
            if event == "opcode":
                if frame.f_lasti == place:
                    maybe_interrupt(frame)
                place = after.get(frame.f_lasti, -1)
            return at_opcode
        return at_opcode
    @functools.cache
    def places_after(code):
        # Where each of those instructions goes on; not what follows in time: not all of it is told.
        found = list(dis.get_instructions(code))
        return {{
            one.offset: one.argval if "JUMP" in one.opname else behind.offset
            for one, behind in zip(found, found[1:])
            if one.opcode in LOOKED_AFTER
        }}
    def maybe_interrupt(frame):
        global count, where
        count += 1
        if count == target:
            where = f"{{os.path.basename(frame.f_code.co_filename)}}:{{frame.f_lineno}}"
            signal.raise_signal(signal.SIGINT)
    def interrupted(do):
        # Returns what `do` did, or None if the interrupt came out of it.
        try:
            sys.settrace(trace)
            done = do()
            sys.settrace(None)
            return done
        except (KeyboardInterrupt, TimeoutError) as error:
            sys.settrace(None)
            if session.lock._is_owned():
                traceback.print_exception(error)
                stuck("the lock is kept")
    def drain(channel):
        for item in channel:
            pass
    def stuck(words):
        print("stuck:", words, "at", where, "number", target, flush=True)
        faulthandler.dump_traceback(all_threads=True)
        os._exit(1)
    with pair() as both:
        ours, theirs = both.channels()
        session, peer = both.initiator, both.worker
        sender = theirs._mailbox.state.sender
        receiver = ours._mailbox.state.receiver
        window = sender.credit
        def check():
            if not session.ping(b"%d" % target, 20) or peer.connection.failure or session.connection.failure:
                leading = session.leading
                stuck(("connection", peer.connection.failure, session.connection.failure, leading._leader,
                       session.link.eof, session.finished, session.lock))
            if session.writer._waiting or session.leading._followers or receiver.relieved:
                stuck(("counts", session.writer._waiting, session.leading._followers, receiver.relieved))
            if not eventually(lambda: sender.credit + receiver.arrived - receiver.granted == window):
                stuck(("credit", sender.credit, receiver.arrived, receiver.granted, window))
        while True:
            target += 1
            count = 0
            {body}
            check()
            if count < target:
                break
    print("fine", flush=True)
    os._exit(0)
"""

#: Afterwards the channel is closed or usable: nobody waits for a turn that never ends.
SEND = """
            first, second = both.channels()
            threading.Thread(target=drain, args=(second,), daemon=True).start()
            interrupted(lambda: first.{call})
            sending = (bool(first._mailbox.turns), len(session.relief._blocked))
            if any(sending):
                stuck(("sending", sending))
            first.close()
"""
BODIES = {
    # With the last of them half a window is taken, and credit is due.
    "receive": """
            for number in range(9):
                theirs.send((target, number, bytes(60_000)))
            assert eventually(lambda: len(receiver.items) == 9) or stuck("nothing came")
            taken = [ours.receive(20) for number in range(8)]
            got = interrupted(ours.receive)
            taken.append(ours.receive(20) if got is None and receiver.items else got)
            if [item[:2] for item in taken] != [(target, number) for number in range(9)]:
                stuck("an item is lost")
            if session.connection.table.account.kept_bytes:
                stuck(("kept", session.connection.table.account.kept_bytes))
""",
    "receive-waiting": """
            item = (target, bytes(window // 2))
            timer = threading.Timer(0.01, theirs.send, [item])
            timer.start()
            got = interrupted(lambda: ours.receive(0.1))
            timer.join()
            if got is None:
                got = ours.receive(20)
            if got != item:
                stuck("an item is lost")
""",
    "receive-in-time": """
            interrupted(lambda: ours.receive(0))
""",
    "waitclose": """
            interrupted(lambda: ours.waitclose(0))
""",
    "ping": """
            interrupted(lambda: session.ping(b"!", 20))
""",
    "new-channel": """
            channel = interrupted(session.new_channel)
            if channel is not None:
                channel.close()
            channel = None
""",
    "request": """
            channel = interrupted(lambda: session.request(frames.INFO))
            if channel is not None:
                channel.close()
            channel = None
""",
    "close": """
            first, second = both.channels()
            interrupted(first.close)
            first.close()
            second.waitclose(20)
""",
    "close-with-error": """
            first, second = both.channels()
            interrupted(lambda: first.close("words"))
            first.close()
            if not eventually(second.isclosed):
                stuck("the other side is open")
            second._getremoteerror()
""",
    "reconfigure": """
            interrupted(lambda: ours.reconfigure())
            interrupted(lambda: session.reconfigure((True, False)))
""",
    "cancel": """
            interrupted(ours.cancel)
""",
    "send-in-parts": SEND.format(call="send(b'0123456789' * 50_000)"),
    "send-many": SEND.format(call="send_many([b'x' * 20_000] * 4)"),
}


@pytest.mark.parametrize("what", BODIES)
def test_an_interrupt_at_any_bytecode_leaves_nothing_half_done(what: str) -> None:
    helpers = os.path.dirname(threads_helpers.__file__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([helpers, os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=BODIES[what].strip("\n").lstrip())],
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
        env=environment,
    )
    assert done.stdout == "fine\n", done.stdout + done.stderr[-2000:]
