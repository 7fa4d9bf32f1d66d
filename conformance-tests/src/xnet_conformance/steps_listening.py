"""Steps with a listener of the runner's, which a testee is asked to connect to. Spec: 68-relay.md."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.scenario import step

if TYPE_CHECKING:
    from xnet_conformance.scenario import Scenario

_READ_BYTES: Final = 65_536


@step("listen")
def listen(scenario: Scenario, raw: Any) -> None:
    """Listen for one connection, and call its address: ``{as: name}``, a port of this machine's.

    With ``path: file`` it is a unix socket in the scratch directory. What a client says is read to the end;
    then the bytes ``heard `` and what was heard go back, and it is over. With ``says: text`` this comes
    first, and nothing after it. With ``gone: true`` nothing listens there any more.
    """
    if "path" in raw:
        address = str(Path(scenario.scratch).resolve() / raw["path"])
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(address)
    else:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    scenario.bindings[raw["as"]] = address
    if raw.get("gone"):
        listener.close()
        return
    listener.listen(1)
    arguments = (listener, scenario.deadline, raw.get("says"))
    threading.Thread(target=_talk, args=arguments, name="listener", daemon=True).start()


def _talk(listener: socket.socket, deadline: float, says: str | None) -> None:
    try:
        with listener:
            listener.settimeout(_left(deadline))
            end, _ = listener.accept()
        with end:
            if says is not None:
                end.sendall(says.encode())
                end.shutdown(socket.SHUT_WR)
            heard = b""
            while True:
                end.settimeout(_left(deadline))
                data = end.recv(_READ_BYTES)
                if not data:
                    break
                heard += data
            if says is None:
                end.sendall(b"heard " + heard)
    except OSError:
        pass  # no client came in time, or it has gone again: the case then says what is missing


def _left(deadline: float) -> float:
    return max(0.01, deadline - time.monotonic())
