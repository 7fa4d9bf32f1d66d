"""Where a fresh interpreter begins: what it has imported and inherited by then."""

from __future__ import annotations

import subprocess
import sys

from gateway_helpers import PATIENCE_S, Gateways

#: What would cost milliseconds at the start of every worker (docs/decisions/0001).
SLOW = ["attr", "typing", "inspect", "re", "asyncio", "subprocess", "socket", "logging", "json"]


def test_a_worker_has_imported_nothing_slow(gateways: Gateways) -> None:
    """But what the interpreter itself imported before (site, .pth files)."""
    code = f"import sys; found = [name for name in {SLOW!r} if name in sys.modules]\n"
    found = gateways().remote_exec(f"{code}channel.send(found)").receive(PATIENCE_S)
    plain = subprocess.check_output([sys.executable, "-c", f"{code}print(*found)"], text=True).split()
    assert [name for name in found if name not in plain] == []


def test_a_worker_has_one_thread_while_idle(gateways: Gateways) -> None:
    source = "import threading; channel.send(threading.active_count())"
    assert gateways().remote_exec(source).receive(PATIENCE_S) <= 2
