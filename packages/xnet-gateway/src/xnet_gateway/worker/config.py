"""Applying what the initiator's HELLO asks of this worker.

Spec: HS, "Configuration". Unknown keys are ignored: a newer initiator may ask for more.
"""

from __future__ import annotations

import os

from xnet_gateway.worker.exec_pool import EXECMODELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xnet_gateway.worker.worker import WorkerGateway


def apply_config(worker: WorkerGateway, config: dict[str, Any]) -> None:
    """Apply the configuration.

    Raises:
        ValueError: A key has a value that means nothing here.
        OSError: The operating system refuses.
    """
    if "id" in config:
        worker.rename(_text(config, "id"))
    if "execmodel" in config:
        name = _text(config, "execmodel")
        if name not in EXECMODELS:
            raise ValueError(f"execmodel {name!r} is not one of {', '.join(EXECMODELS)}")
        worker.set_execmodel(name)
    if "env" in config:
        environment = config["env"]
        if not isinstance(environment, dict):
            raise ValueError(f"env must be a map of names to text, got {type(environment).__name__}")
        for name, value in environment.items():
            os.environ[str(name)] = str(value)
    if "chdir" in config:
        path = _text(config, "chdir")
        if not os.path.isdir(path):
            os.mkdir(path)
        os.chdir(path)
    if config.get("nice"):
        os.nice(int(config["nice"]))
    if config.get("alias"):
        from xnet import alias

        alias.install(in_worker=True)


def _text(config: dict[str, Any], key: str) -> str:
    value = config[key]
    if not isinstance(value, str):
        raise ValueError(f"{key} must be text, got {type(value).__name__}")
    return value
