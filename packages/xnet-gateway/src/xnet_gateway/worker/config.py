"""Applying what the initiator's HELLO asks of this worker.

Spec: HS-020 to HS-022. Unknown keys are ignored: a newer initiator may ask for more.
"""

from __future__ import annotations

import os
import sys

from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.platform.native import OS
from xnet_wire import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    class Configurable(Protocol):
        """What of a worker can be set."""

        def rename(self, gateway_id: str) -> None:
            """Take a name."""

        def set_execmodel(self, name: str) -> None:
            """Say where executions run."""

        def keep_alive(self, interval_s: float) -> None:
            """End when nothing is heard any more."""


#: A day. Spec: the table of HS-020.
LONGEST_KEEPALIVE_MS: Final = 86_400_000
#: From anywhere to either end of the niceness. As in ``spec_rules``, which is not imported here.
FARTHEST_NICE: Final = 40


def apply_config(worker: Configurable, config: dict[str, Any]) -> None:
    """Apply the configuration, in the order of the table below.

    Raises:
        RemoteProtocolError: CONFIG_REFUSED, a value is not valid here or the operating system
            refuses. The text names key and value.
    """
    for key, apply in KEYS:
        value = config.get(key)
        if value is None:
            continue
        try:
            apply(worker, value)
        except Exception as error:
            raise RemoteProtocolError(
                codes.CONFIG_REFUSED, f"the worker cannot apply config {key!r} = {value!r}: {error}"
            ) from error


def _apply_env(worker: Configurable, environment: dict[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _apply_chdir(worker: Configurable, path: str) -> None:
    if not os.path.isdir(path):
        os.mkdir(path)
    os.chdir(path)


def _apply_nice(worker: Configurable, increment: int) -> None:
    if increment and hasattr(os, "nice"):
        os.nice(max(-FARTHEST_NICE, min(FARTHEST_NICE, increment)))  # the kernel sees to the ends


def _apply_id(worker: Configurable, gateway_id: str) -> None:
    worker.rename(gateway_id)


def _apply_execmodel(worker: Configurable, name: str) -> None:
    worker.set_execmodel(name)


def _apply_dont_write_bytecode(worker: Configurable, switch: bool) -> None:
    sys.dont_write_bytecode = switch


def _apply_alias(worker: Configurable, switch: bool) -> None:
    if switch:
        # By its name: that package is above this one, and need not be installed.
        __import__("xnet.alias", fromlist=["install"]).install(in_worker=True)


def _apply_stdout(worker: Configurable, place: str) -> None:
    if place == "stderr":
        return
    path = os.devnull if place == "null" else place
    if not os.path.isabs(path):
        raise ValueError("expected stderr, null or an absolute path")
    # Not waiting for a reader of what may be a pipe.
    fd = OS.open(path, OS.O_WRONLY | OS.O_APPEND | OS.O_CREAT | OS.O_NONBLOCK, 0o666)
    OS.set_blocking(fd, True)
    OS.dup2(fd, 1)
    OS.close(fd)


def _apply_keepalive(worker: Configurable, interval_ms: int) -> None:
    if not 0 < interval_ms <= LONGEST_KEEPALIVE_MS:
        raise ValueError(f"expected milliseconds, from 1 to {LONGEST_KEEPALIVE_MS}")
    worker.keep_alive(interval_ms / 1000)


#: Key and how it is applied, in the order of HS-020. The types of the values were checked with HELLO.
KEYS: Final[tuple[tuple[str, Callable[[Configurable, Any], None]], ...]] = (
    ("env", _apply_env),
    ("chdir", _apply_chdir),
    ("nice", _apply_nice),
    ("id", _apply_id),
    ("execmodel", _apply_execmodel),
    ("dont_write_bytecode", _apply_dont_write_bytecode),
    ("alias", _apply_alias),
    ("stdout", _apply_stdout),
    ("keepalive", _apply_keepalive),
)
