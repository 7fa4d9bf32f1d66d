"""Does a transport keep to the contract of ``Transport``? For its author's tests.

First what it returns and raises is looked at, for the specifications that are given and for odd ones made
of its key; then interpreters are reached. Everything found is returned as a sentence, so that one run
tells all.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading

from xnet_channel.platform.native import CLOCK
from xnet_gateway import starting
from xnet_gateway.errors import HostNotFound
from xnet_gateway.transports.base import Address, Command, Listen, Transport
from xnet_gateway.transports.registry import register
from xnet_gateway.xspec import XSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Final

    from xnet_channel.threads.channel import Channel
    from xnet_gateway.gateway import Gateway
    from xnet_gateway.transports.base import Route

#: How long anything may take, in seconds.
PATIENCE_S: Final = 60.0
#: Values for the key that no transport can take for granted.
ODD_VALUES: Final = (
    "",
    "=",
    "= ",
    "=-",
    "=--help",
    "='",
    '="',
    "=\0",
    "=\n",
    "=\udcff",
    "=€",
    "=" + "x" * 100_000,
)


def check_transport(
    transport: Transport,
    specs: Sequence[str],
    *,
    mistakes: Sequence[str] = (),
    unreachable: Sequence[str] = (),
) -> list[str]:
    """Check a transport and register it.

    Args:
        transport: What is checked.
        specs: Specifications with which it reaches an interpreter; they are used.
        mistakes: Specifications that mean nothing to it.
        unreachable: Specifications that are right, and lead nowhere.

    Returns:
        A sentence for each thing that is not as ``Transport`` says; none if all is well.

    Raises:
        TypeError, ValueError: The arguments are not such (our caller's fault).

    Threads: one; takes seconds for each specification.
    """
    if isinstance(specs, str) or not specs:
        raise ValueError(f"expected a list of specifications that work, got {specs!r}")
    if found := list(_key(transport)):
        return found
    register(transport)
    found = [*_answers(transport, specs), *_refusals(transport, mistakes)]
    if not found:
        for text in specs:
            found += _reaching(text)
        for text in unreachable:
            found += _not_reaching(text)
    return found


def _key(transport: Transport) -> Iterator[str]:
    key: object = transport.key  # its author may not use types
    if not isinstance(key, str) or not key.isidentifier() or key.startswith("_"):
        yield f"its key is {key!r}, expected a name"


def _answers(transport: Transport, specs: Sequence[str]) -> Iterator[str]:
    for text in specs:
        spec = XSpec(text)
        if not getattr(spec, transport.key):
            yield f"{text!r} does not name it by its key {transport.key!r}"
            continue
        before = dict(vars(spec)), dict(spec.env)
        processes, threads = _children(), threading.active_count()
        try:
            route, again = transport.route(spec), transport.route(XSpec(text))
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            yield f"route of {text!r} raised {error!r}"
            continue
        if (dict(vars(spec)), dict(spec.env)) != before:
            yield f"route changed the specification {text!r}"
        if _children() != processes or threading.active_count() != threads:
            yield f"route of {text!r} started something: it should only say how to get there"
        yield from _route(text, route)
        if _facts(route) != _facts(again):
            yield f"two routes of {text!r} differ: {route!r} and {again!r}"


def _route(text: str, route: object) -> Iterator[str]:
    if isinstance(route, Command):
        words: list[object] = list(route.argv)
        if not words or not all(isinstance(word, str) and "\0" not in word for word in words):
            yield f"the command line of {text!r} is {route.argv!r}, expected words without NUL characters"
        if not route.remoteaddress:
            yield f"the route of {text!r} does not say where it leads: remoteaddress={route.remoteaddress!r}"
    elif not isinstance(route, (Address, Listen)):
        yield f"route of {text!r} returned {route!r}, expected a Command, an Address or a Listen"


def _facts(route: Route) -> object:
    return type(route), [getattr(route, name) for name in getattr(type(route), "__slots__", ())]


def _refusals(transport: Transport, mistakes: Sequence[str]) -> Iterator[str]:
    for text in (*mistakes, *(f"{transport.key}{value}" for value in ODD_VALUES)):
        error = _raised(transport, text)
        if error is not None and not isinstance(error, ValueError):
            yield f"route of {text[:80]!r} raised {error!r}, expected nothing but ValueError"
        elif error is None and text in mistakes:
            yield f"route of the mistake {text!r} raised no ValueError"
        elif text in mistakes and text not in str(error):
            yield f"route of the mistake {text!r} does not name the specification: {error}"


def _raised(transport: Transport, text: str) -> Exception | None:
    try:
        transport.route(XSpec(text))
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return error
    return None


# -- reaching an interpreter ---------------------------------------------------------------------


def _reaching(text: str) -> Iterator[str]:
    for task in (_conversation, _end, _death):
        name = task.__name__.removeprefix("_")
        try:
            gateway = _begin(text)
        except HostNotFound as error:
            yield f"{text!r} leads nowhere: {error}"
            return
        try:
            task(gateway)
        except AssertionError as error:
            yield f"{text!r}, {name}: {error}"
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            yield f"{text!r}, {name}: {error!r}"
        finally:
            gateway._io.kill_now()
            gateway.session.close(flush_s=0.0)


def _begin(text: str) -> Gateway:
    spec = XSpec(text)
    spec.id = spec.id or "checked"
    return starting.begin(spec).finish()


def _conversation(gateway: Gateway) -> None:
    """Every byte, large items both ways, and what is printed comes in between."""
    channel = gateway.remote_exec(
        "import os, sys\n"
        "for item in channel:\n    os.write(1, b'noise'); sys.stdout.write('noise'); channel.send(item)"
    )
    for item in (bytes(range(256)), b"\n\r\x04\x1a~.", os.urandom(1_000_000), "€"):
        channel.send(item)
        _expect(channel.receive(PATIENCE_S) == item, "what was sent did not come back unchanged")
    asked = gateway.remote_exec("import sys; channel.send(sys.stdin.read())")
    _expect(asked.receive(PATIENCE_S) == "", "code that reads its standard input gets data")


def _end(gateway: Gateway) -> None:
    """Asked to end, the interpreter ends, and then the program that led to it."""
    gateway.exit()
    ended = gateway._wait_ended(CLOCK.monotonic() + PATIENCE_S)
    _expect(ended, f"it did not end within {PATIENCE_S:g} s after it was asked to: {gateway._io.describe()}")


def _death(gateway: Gateway) -> None:
    """The death of the interpreter is an EOFError here."""
    channel: Channel = gateway.remote_exec(
        f"import os; channel.send(1); channel.receive(); os.kill(os.getpid(), {int(signal.SIGKILL)})"
    )
    channel.receive(PATIENCE_S)
    channel.send(1)
    try:
        channel.receive(PATIENCE_S)
    except EOFError:
        return
    raise AssertionError("an interpreter that was killed sent something")


def _not_reaching(text: str) -> Iterator[str]:
    try:
        gateway = _begin(text)
    except HostNotFound as error:
        if not str(error):
            yield f"the error for {text!r} says nothing"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        yield f"{text!r} raised {error!r}, expected HostNotFound"
    else:
        gateway._io.kill_now()
        gateway.session.close(flush_s=0.0)
        yield f"{text!r} leads somewhere, expected HostNotFound"


def _expect(condition: bool, sentence: str) -> None:
    if not condition:
        raise AssertionError(sentence)


def _children() -> set[str]:
    """Return our child processes, where the system tells; elsewhere none."""
    try:
        tasks = os.listdir("/proc/self/task")
    except OSError:
        return set()
    found: set[str] = set()
    for task in tasks:
        # The thread may have ended, and not every kernel says.
        with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
            found.update(file.read().split())
    return found
