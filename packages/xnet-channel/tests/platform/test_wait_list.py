"""Waiting under a lock."""

from __future__ import annotations

import threading

from xnet_channel.platform.wait_list import WaitList


def test_everybody_is_woken_and_owns_the_lock_again() -> None:
    lock, waiters, ready = threading.RLock(), WaitList(), threading.Semaphore(0)
    woken: list[bool] = []

    def wait() -> None:
        with lock:
            ready.release()
            waiters.wait_locked(lock, 20.0)
            woken.append(lock._is_owned())  # type: ignore[attr-defined]

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        ready.acquire()
    with lock:  # all three have let go of it, so they wait
        waiters.notify_all_locked()
    for thread in threads:
        thread.join()
    assert woken == [True, True, True]


def test_it_ends_with_its_time() -> None:
    lock = threading.RLock()
    with lock:
        WaitList().wait_locked(lock, 0.0)
        assert lock._is_owned()  # type: ignore[attr-defined]
