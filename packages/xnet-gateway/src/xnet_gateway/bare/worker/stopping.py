"""Executions are cancelled, refused, or interrupted because the worker ends."""

from .errors import CANCELLED, RemoteError
from .interpreter import CLOCK, OS, SIGINT, getsignal, start_new_thread
from .interrupts import GREEN, MAIN, SEEN, on_sigint
from .protocol import GREENLET_MODELS, NOTICED, NOTICES, REFUSED_TEXT


def cancel_locked(worker, number):
    """End the execution of a channel, if there is one that was not cancelled yet (GW-033 to GW-036)."""
    task = worker._tasks.get(number)
    if task is None or task.cancelled:
        return
    task.cancelled = True
    if task in worker._patient:
        worker._patient.remove(task)
        worker._waiting -= 1
        del worker._tasks[number]
        task.channel._executing = False
        worker._link.close_locked(task.channel._state, CANCELLED)
    elif task.thread is not None:
        worker.cancelled.add(number)
        if worker._execmodel in GREENLET_MODELS:
            GREEN[0].ring_interrupt(task)
        elif task.thread == MAIN[0]:
            start_new_thread(interrupt_main, (worker, task))
        else:
            worker._link.asked.add(task.thread)
            for state in list(worker._link.open.values()):
                worker._link.notify_locked(state.sleepers)


def interrupt_main(worker, task):
    """Interrupt what the main thread executes, again until it has noticed: a signal that comes just before a thread
    waits in the system does not end that wait. Once it has ended nothing may hit what comes next (GW-035)."""
    seen = SEEN[0]
    for number in range(NOTICES):
        with worker._link.guard:
            if worker._tasks.get(task.channel.id) is not task or number and noticed(seen):
                return
            OS.kill(OS.getpid(), SIGINT)
        CLOCK.sleep(NOTICED * 2 ** number)


def refuse_later(worker, task):
    """Refuse a request if the main thread is still not idle after a second (GW-016)."""
    CLOCK.sleep(1.0)
    with worker._link.guard:
        if task in worker._patient:
            worker._patient.remove(task)
            worker._waiting -= 1
            del worker._tasks[task.channel.id]
            task.channel._executing = False
            worker._link.close_locked(task.channel._state, RemoteError(REFUSED_TEXT, "busy"))


def end(worker):
    """Let executions end; then interrupt the main thread; then give up."""
    link = worker._link
    with link.guard:
        if not wait_idle_locked(worker, worker.times[0]) and needs_interrupt_locked(worker):
            worker._trace("executions still run, interrupting the main thread")
            interrupt_main_locked(worker)
        if not wait_idle_locked(worker, worker.times[1]):
            worker._trace("executions still run, ending the process")
            worker._write_rest_locked()
            OS._exit(1)
        worker._over = True
        link.notify_locked(worker._sleepers)


def needs_interrupt_locked(worker):
    """Interrupt greenlets; return whether the main thread has to be: one of them lets no others run."""
    if not GREEN or worker._main_busy:
        return worker._main_busy
    GREEN[0].ring_interrupt(None)
    wait_idle_locked(worker, 0.5)
    return not GREEN[0].interrupted


def interrupt_main_locked(worker):
    """Interrupt the main thread, again until it has noticed, see ``interrupt_main``."""
    until = CLOCK.monotonic() + worker.times[1]
    seen = SEEN[0]
    for number in range(NOTICES):
        OS.kill(OS.getpid(), SIGINT)
        if wait_idle_locked(worker, min(NOTICED * 2 ** number, until - CLOCK.monotonic())) or noticed(seen):
            return


def wait_idle_locked(worker, seconds):
    return worker._link.wait_locked(
        lambda: not worker._running and not worker._waiting, CLOCK.monotonic() + seconds, worker._sleepers
    )


def noticed(seen):
    """Return whether a SIGINT has come to its handler since; of a handler that is not ours nobody knows."""
    return SEEN[0] != seen or getsignal(SIGINT) is not on_sigint
