"""Many gateways through one sshd: side by side, not more than it takes, all or none."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_helpers import children, eventually
from sshd_helpers import Sshd
from xnet import Group, HostNotFound

#: As many as an sshd with the settings it comes with is sure to take (``MaxStartups 10:30:100``).
TAKEN = 9


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Sshd]:
    """An sshd that turns every further one away while so many have not proved who they are."""
    server = Sshd(tmp_path, f"MaxStartups {TAKEN}")
    yield server
    server.stop()


def processes_of(python: Path) -> set[int]:
    """Return the processes that have an interpreter's path in their command line: workers, and ssh."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            if str(python).encode() in path.read_bytes():
                found.add(int(path.parent.name))
    return found


def test_twenty_through_one_sshd(strict: Sshd) -> None:
    with Group() as group:
        gateways = group.makegateways([f"ssh=here//ssh_config={strict.config}//python={sys.executable}"] * 20)
        parents = group.remote_exec("import os; channel.send(os.getpid())").receive_each()
        assert len(set(parents)) == 20
        assert [gateway.id for gateway in gateways] == [f"gw{number}" for number in range(20)]


def test_one_bad_host_ends_all(strict: Sshd, tmp_path: Path) -> None:
    python = tmp_path / "an-interpreter-of-this-test"
    python.symlink_to(sys.executable)
    before = children()
    text = f"ssh=here//ssh_config={strict.config}//python={python}"
    with Group() as group:
        pid = group.makegateway(text).remote_exec("import os; channel.send(os.getpid())").receive(200)
        assert pid in processes_of(python)
        with pytest.raises(HostNotFound) as caught:
            group.makegateways([text] * 4 + ["ssh=nobody.invalid"] + [text] * 4)
        assert "gateway 5 of 9, 'ssh=nobody.invalid', cannot be started" in str(caught.value)
        assert "Could not resolve hostname" in str(caught.value)
        assert len(group) == 1
    assert children() == before
    assert eventually(lambda: not processes_of(python))
