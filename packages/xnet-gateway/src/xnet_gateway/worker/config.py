"""Applying what the initiator's HELLO asks of this worker.

Spec: HS-020 to HS-022. Unknown keys are ignored: a newer initiator may ask for more.
"""

from __future__ import annotations

import os
import sys

from xnet_channel.core.errors import RemoteProtocolError
from xnet_gateway.worker.exec_pool import EXECMODELS
from xnet_wire import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_gateway.worker.worker import WorkerGateway


def apply_config(worker: WorkerGateway, config: dict[str, Any]) -> None:
    """Apply the configuration, in the order of the table below.

    Raises:
        RemoteProtocolError: HELLO_MALFORMED, a value has the wrong type; CONFIG_REFUSED, a value
            means nothing here or the operating system refuses. The text names key and value.
    """
    for key, kind, apply in KEYS:
        value = config.get(key)
        if value is None:
            continue
        # type(), not isinstance(): True is no niceness.
        if type(value) is not kind:
            raise RemoteProtocolError(
                codes.HELLO_MALFORMED,
                f"config {key!r} must be {kind.__name__}, got {type(value).__name__} {value!r}",
            )
        try:
            apply(worker, value)
        except Exception as error:
            raise RemoteProtocolError(
                codes.CONFIG_REFUSED, f"the worker cannot apply config {key!r} = {value!r}: {error}"
            ) from error


def _apply_env(worker: WorkerGateway, environment: dict[Any, Any]) -> None:
    for name, value in environment.items():
        if not isinstance(name, str) or not isinstance(value, str | None):
            raise ValueError(f"{name!r}: {value!r} is not a name with a text or null")
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _apply_chdir(worker: WorkerGateway, path: str) -> None:
    if not os.path.isdir(path):
        os.mkdir(path)
    os.chdir(path)


def _apply_nice(worker: WorkerGateway, increment: int) -> None:
    if increment and hasattr(os, "nice"):
        os.nice(increment)


def _apply_id(worker: WorkerGateway, gateway_id: str) -> None:
    worker.rename(gateway_id)


def _apply_execmodel(worker: WorkerGateway, name: str) -> None:
    if name not in EXECMODELS:
        raise ValueError(f"expected one of {', '.join(EXECMODELS)}")
    worker.set_execmodel(name)


def _apply_dont_write_bytecode(worker: WorkerGateway, switch: bool) -> None:
    sys.dont_write_bytecode = switch


def _apply_alias(worker: WorkerGateway, switch: bool) -> None:
    if switch:
        from xnet import alias

        alias.install(in_worker=True)


#: Key, type of its value, and how it is applied, in the order of HS-020.
KEYS: Final[tuple[tuple[str, type, Callable[[WorkerGateway, Any], None]], ...]] = (
    ("env", dict, _apply_env),
    ("chdir", str, _apply_chdir),
    ("nice", int, _apply_nice),
    ("id", str, _apply_id),
    ("execmodel", str, _apply_execmodel),
    ("dont_write_bytecode", bool, _apply_dont_write_bytecode),
    ("alias", bool, _apply_alias),
)
