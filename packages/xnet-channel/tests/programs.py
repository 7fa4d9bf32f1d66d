"""Programs of their own that hold one end of a connection, and forked children of a test."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from threads_helpers import PATIENCE_S

#: So that the text of a program can begin with its session: an initiator over the inherited descriptor.
SESSION_HEAD = """
import os, sys, threading
from xnet_channel.threads.session import Session
from xnet_wire import frames
session = Session(int(sys.argv[1]), role="initiator", name="program")
session.wait_hello(200)
channel = session.request(frames.INFO)
def say(text):
    print(text, flush=True)
def send_until_interrupted(size, waits):
    '''Send for ever; say when the main thread waits, and in the end how often it has sent.'''
    def tell_when_it_waits():
        while not waits():
            pass
        say("waits")
    threading.Thread(target=tell_when_it_waits).start()
    sent = 0
    try:
        while True:
            channel.send(b"x" * size)
            sent += 1
    except KeyboardInterrupt:
        say(sent)
"""


@contextmanager
def program(text: str) -> Iterator[tuple[socket.socket, subprocess.Popen[str]]]:
    """Run a program with a session; the test has the other end as a socket."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", SESSION_HEAD + text, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
        with process:
            try:
                yield ours, process
            finally:
                process.kill()


def output_of(text: str) -> str:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=True
    )
    return done.stdout


def in_child(action: Callable[[], object]) -> str:
    """Fork, and return as text what the action gives in the child, or its traceback; the child ends then."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        # That a process with threads forks is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            try:
                text = str(action())
            except BaseException:  # noqa: BLE001 - the parent looks at it
                text = traceback.format_exc()
            os.write(write, text.encode())
        finally:
            os._exit(0)
    os.close(write)
    try:
        ready, _, _ = select.select([read], [], [], PATIENCE_S)
        if not ready:
            return "it hung"
        with open(read, "rb", closefd=False) as stream:
            return stream.read().decode()
    finally:
        os.close(read)
        os.kill(pid, signal.SIGKILL)  # it has ended, or hangs
        os.waitpid(pid, 0)
