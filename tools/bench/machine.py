"""What the figures were measured on, in one line, without a name that belongs to one machine."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe() -> dict[str, str]:
    """Return the system, processors, interpreter and the releases that were compared."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processors": f"{_usable_processors()} x {_processor_model()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "xnet": f"{_release('xnet')}, {_origin('xnet')}",
        "execnet": _release("execnet"),
        "cbor2": _release("cbor2"),
        "load": f"{os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else "unknown",
    }


def format_description(description: dict[str, str]) -> str:
    """Return the description as one sentence fragment."""
    return "; ".join(f"{name} {value}" for name, value in description.items())


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else "unknown"


def _release(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _origin(module: str) -> str:
    """Say whether a package was installed or is read from a checkout: a longer path makes imports slower."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return "not importable"
    return "installed" if "site-packages" in Path(spec.origin).parts else "from a checkout"
