"""Workers with greenlets: the full worker, and the bare one in the same environment."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

LIBRARIES = ("gevent", "eventlet")
#: The same interpreter under another name is one that gets a bare worker.
SIBLING = str(Path(sys.executable).with_name("python3"))
PLACES = {"full": "popen", "bare": f"popen//python={SIBLING}"}


def green_spec(library: str, place: str) -> str:
    """Return a specification, or skip where the library is not installed."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed here")
    if place == "bare" and (sys.executable == SIBLING or not Path(SIBLING).exists()):
        pytest.skip("needs python3 beside the interpreter that runs this")
    return f"{PLACES[place]}//execmodel={library}"
