"""``WorkerPool`` runs calls in threads."""

from __future__ import annotations

import queue
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from xnet.compat.worker_pool import WorkerPool
from xnet_gateway.execmodel import get_execmodel
from xnet_programs import run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool(get_execmodel("thread"))
    yield made
    assert made.terminate(timeout=10)


@pytest.fixture
def primary() -> Iterator[tuple[WorkerPool, int]]:
    made = WorkerPool(get_execmodel("thread"), hasprimary=True)
    ready = threading.Event()

    def integrate() -> None:
        ready.set()
        made.integrate_as_primary_thread()

    thread = threading.Thread(target=integrate)
    thread.start()
    ready.wait()
    assert thread.ident is not None
    yield made, thread.ident
    assert made.terminate(timeout=10)
    thread.join(200)
    assert not thread.is_alive()


def add(a: int, b: int = 1) -> int:
    return a + b


def test_results_and_errors(pool: WorkerPool) -> None:
    reply = pool.spawn(add, 1, b=4)
    assert reply.get() == 5
    assert reply.get(timeout=0) == 5
    assert not reply.running
    with pytest.raises(ZeroDivisionError):
        pool.spawn(lambda: 1 / 0).get(200)


def test_waiting_has_an_end(pool: WorkerPool) -> None:
    event = threading.Event()
    reply = pool.spawn(event.wait)
    with pytest.raises(OSError, match=r"is not done after 0\.01 s"):
        reply.get(timeout=0.01)
    assert pool.active_count() == 1
    assert not pool.waitall(timeout=0.01)
    event.set()
    reply.waitfinish(10)
    assert pool.waitall(200)
    assert pool.active_count() == 0


def test_a_pool_that_shuts_down_takes_no_calls(pool: WorkerPool) -> None:
    pool.trigger_shutdown()
    with pytest.raises(ValueError, match="pool is shutting down"):
        pool.spawn(add, 1)


def test_the_primary_thread_is_taken_when_it_is_free(primary: tuple[WorkerPool, int]) -> None:
    pool, ident = primary
    go = threading.Event()
    started: queue.Queue[int] = queue.Queue()

    def occupy() -> None:
        started.put(threading.get_ident())
        go.wait()

    pool.spawn(occupy)
    while started.get(timeout=200) != ident:  # it may not wait for calls yet
        pool.spawn(occupy)
    assert pool.spawn(threading.get_ident).get(200) != ident
    go.set()


def test_only_a_pool_with_a_primary_can_integrate_one(pool: WorkerPool) -> None:
    with pytest.raises(RuntimeError, match="has no primary thread"):
        pool.integrate_as_primary_thread()


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_a_pool_of_greenlets(library: str) -> None:
    if find_spec(library) is None:  # not imported: that would warn of every fork from here on
        pytest.skip(f"{library} is not installed here")
    program = f"""
from xnet_gateway.execmodel import get_execmodel
from xnet.compat.worker_pool import WorkerPool
import threading
model = get_execmodel({library!r})
pool = WorkerPool(model)
idents = set()
def work(number):
    model.sleep(0.01)
    idents.add(threading.get_ident())
    return number * 2
replies = [pool.spawn(work, number) for number in range(50)]
print(pool.waitall(200), [reply.get(200) for reply in replies] == list(range(0, 100, 2)), len(idents))
print(pool.terminate(10))
"""
    done = run("-c", program)
    assert done.stdout == "True True 1\nTrue\n", done.stderr


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_in_greenlets(library: str) -> None:
    """Also where the other library is in use: the pool waits with what its model has."""
    other = {"gevent": "eventlet", "eventlet": "gevent"}[library]
    if find_spec(library) is None or find_spec(other) is None:
        pytest.skip("needs gevent and eventlet, which are not installed here")
    program = f"""
import warnings
warnings.simplefilter("ignore")
import xnet
from xnet.compat.worker_pool import WorkerPool
from xnet_gateway.execmodel import get_execmodel
xnet.set_execmodel({other!r})
model = get_execmodel({library!r})
try:
    WorkerPool(model, hasprimary=True)
except ValueError as error:
    print(error)
pool = WorkerPool(model)
queue = model.queue.Queue()
replies = [pool.spawn(queue.get) for _ in range(3)]
print([reply.running for reply in replies], pool.active_count(), pool.waitall(0.05))
for number in range(3):
    queue.put(number)
print(pool.waitall(200), [reply.running for reply in replies], len(pool._running))
print(sorted(reply.get(5) for reply in replies))
"""
    done = run("-c", program)
    assert done.stdout.splitlines() == [
        f"hasprimary=True is for threads, and not for the model {library!r}",
        "[True, True, True] 3 False",
        "True [False, False, False] 0",
        "[0, 1, 2]",
    ], done.stdout + done.stderr
