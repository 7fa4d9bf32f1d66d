"""``safe_terminate`` does what execnet's does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from xnet.compat import gateway_base, multi

if TYPE_CHECKING:
    from collections.abc import Callable


def theirs() -> tuple[Any, Any]:
    pytest.importorskip("execnet", reason="compares with released execnet, which is not installed")
    from execnet import gateway_base, multi

    return gateway_base, multi


@pytest.fixture(params=[lambda: (gateway_base, multi), theirs], ids=["xnet", "execnet"])
def terminate(request: pytest.FixtureRequest) -> Callable[..., None]:
    base, module = request.param()
    model = base.get_execmodel("thread")
    return lambda *arguments: module.safe_terminate(model, *arguments)


def test_nothing_is_killed_that_ends(terminate: Callable[..., None]) -> None:
    done: list[str] = []
    pair = (lambda: done.append("ended"), lambda: done.append("killed"))
    terminate(10, [pair, pair])
    assert done == ["ended", "ended"]
    terminate(10, [])


def test_what_takes_too_long_is_killed_and_then_left(terminate: Callable[..., None]) -> None:
    never = threading.Event()
    done: list[str] = []
    terminate(0.05, [(lambda: never.wait(200), lambda: done.append("killed"))])
    assert done == ["killed"]
    never.set()


def test_killing_ends_the_wait(terminate: Callable[..., None]) -> None:
    killed = threading.Event()
    terminate(0.05, [(lambda: killed.wait(200), killed.set)])
    assert killed.is_set()


def test_without_a_timeout_it_waits(terminate: Callable[..., None]) -> None:
    ready = threading.Event()
    done: list[str] = []
    threading.Timer(0.05, ready.set).start()
    terminate(None, [(lambda: done.append(str(ready.wait(200))), lambda: done.append("killed"))])
    assert done == ["True"]


def test_an_error_is_raised(terminate: Callable[..., None]) -> None:
    def fail() -> None:
        raise KeyError("why")

    with pytest.raises(KeyError, match="why"):
        terminate(10, [(fail, lambda: None)])
    never = threading.Event()
    with pytest.raises(KeyError, match="why"):
        terminate(0.05, [(lambda: never.wait(200), fail)])
    never.set()
