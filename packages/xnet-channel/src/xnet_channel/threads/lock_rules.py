"""The locks of a connection: which there are, who may take which, and a check of it in tests.

======================== =============== ================================================
lock                     one for each    protects
======================== =============== ================================================
``Link.lock``            connection      the core, and all that the shell keeps for it
``CallbackThread.turn``  connection      that one callback runs at a time, in order
``Reactor._lock``        process         timers and watched descriptors
``Unseen._telling``      process         that one thread writes errors to standard error
``_lock`` of ``Flag``,   of these        itself, for a moment: nothing is called with it
``GreenletQueue``,
``Turn``
======================== =============== ================================================

**Order.** ``turn``, then ``Link.lock``, then ``Reactor._lock``. So a callback may use any channel, and nobody
waits for a callback's turn with the lock of a connection. The locks of two connections are never held
together: what one has to tell the other (relaying) goes through a thread. The reactor calls nothing with its
own lock.

**Names.** A method that ends in ``_locked`` needs the lock of its connection, and keeps it. One that waits
lets go of it meanwhile, so it has to be held once: who holds it twice is refused with RuntimeError, for it
was taken first in the middle of a change that others must not see. Everything else takes the lock by itself,
or needs none.

**The methods of an owner** (``on_...``) run on the reading thread with the lock. They may use what ends in
``_locked``, ``Channel.refuse`` and ``Channel.close``; they must not wait.

**Callbacks** run with ``turn`` and without the lock. They may do everything, and wait; then the other
callbacks of the gateway wait for them.

**Finalisers** run at any bytecode of any thread, also of one that holds a lock. They take none: they append
to a deque and wake the reactor (``finalizers``).

**Signal handlers** run at any bytecode of the main thread.

* SIGINT is held back while the main thread is in the middle of something: see ``platform.interrupts``. What
  its handler raises may leave any wait.
* Handlers of other signals are not held back. While the main thread waits (in ``receive``, for credit, for a
  handshake) they may use channels as any code may. In the middle of a change a wait is refused, as above, and
  the change goes on as if nothing had been; what is sent there may overtake what was being sent. A handler
  that wants to be sure leaves the work to a thread.
"""

from __future__ import annotations

import functools
import sys

from xnet_channel.platform.wait_list import IN_A_CHANGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_channel.threads.link import Link

#: What may only be called with the lock held once.
WAITS: Final = frozenset({"wait_locked", "wait_once_for_item_locked", "await_locked"})


def check_locks() -> None:
    """Have every ``_locked`` method of the modules here that are loaded look whether the lock is held.

    Where ``XNET_CHECK_LOCKS=1`` is in the environment a session does so, as in all tests. Elsewhere this
    module is not even loaded.
    """
    package = __name__.rpartition(".")[0]
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{package}."):
            for found in list(vars(module).values()):
                if isinstance(found, type) and found.__module__ == name:
                    _check_methods(found)


def _check_methods(owner: type) -> None:
    for name, method in list(vars(owner).items()):
        if name.endswith("_locked") and not hasattr(method, "__wrapped__"):
            setattr(owner, name, _checked(name, method))


def _checked(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    where = method.__qualname__
    once = name in WAITS

    @functools.wraps(method)
    def checked(self: Any, *arguments: Any, **named: Any) -> Any:
        link: Link | None = getattr(self, "_link", None) or getattr(self, "link", None)
        if link is None:  # a small object that its owner looks after
            return method(self, *arguments, **named)
        if not link.lock._is_owned():  # type: ignore[attr-defined]
            raise AssertionError(f"{where} is called without the lock of {link.name}")
        if once and times_held(link) > 1:
            raise RuntimeError(IN_A_CHANGE)
        return method(self, *arguments, **named)

    return checked


def times_held(link: Link) -> int:
    """Return how often the lock of a connection is held."""
    found = repr(link.lock).partition(" count=")[2].partition(" ")[0]  # it is seen in the lock's text only
    return int(found) if found.isdecimal() else 1
