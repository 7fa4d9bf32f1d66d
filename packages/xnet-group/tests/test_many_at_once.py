"""Many gateways start side by side, in order, all or none."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xnet_gateway.errors import HostNotFound
from xnet_gateway.xspec import XSpec
from xnet_group.many_at_once import start_all
from xnet_group.termination import terminate_all

if TYPE_CHECKING:
    from xnet_group import Group


def test_the_order_is_that_of_the_specifications(group: Group) -> None:
    names = [f"w{number}" for number in range(6)]
    gateways = group.makegateways([f"popen//id={name}" for name in names], parallel=2)
    assert [gateway.id for gateway in gateways] == names
    assert list(group) == gateways
    assert group.remote_exec("channel.send(channel.gateway.id)").receive_each() == [
        f"{n}-worker" for n in names
    ]


def test_a_start_waits_for_no_other(tmp_path: Path, group: Group) -> None:
    # Each worker's start-up waits until all of them have begun: one after the other would never end.
    meeting = tmp_path / "sitecustomize.py"
    meeting.write_text(
        "import os, time\n"
        f"folder = {str(tmp_path)!r}\n"
        "open(os.path.join(folder, 'began-%d' % os.getpid()), 'w').close()\n"
        "until = time.monotonic() + 30\n"
        "while sum(n.startswith('began-') for n in os.listdir(folder)) < 4 and time.monotonic() < until:\n"
        "    time.sleep(0.005)\n"
    )
    group.makegateways([f"popen//env:PYTHONPATH={tmp_path}"] * 4)
    assert len([name for name in os.listdir(tmp_path) if name.startswith("began-")]) == 4
    assert len(group) == 4


def test_no_thread_is_made_for_a_start(group: Group) -> None:
    group.makegateway()
    before = threading.active_count()
    group.makegateways(["popen"] * 5)
    assert threading.active_count() == before


def test_a_wrong_specification_starts_nothing(group: Group) -> None:
    with pytest.raises(
        ValueError, match=r"gateway 2 of 2, 'popen//nice=low', cannot be started: nice=low in the gateway"
    ):
        group.makegateways(["popen", "popen//nice=low"])
    assert len(group) == 0


def test_one_that_cannot_start_ends_all(tmp_path: Path, group: Group) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.write(2, b'out of luck\\n'); os._exit(3)\n")
    bad = f"popen//id=bad//env:PYTHONPATH={tmp_path}"
    before = children()
    with pytest.raises(HostNotFound) as caught:
        group.makegateways(["popen", bad, "popen"])
    text = str(caught.value)
    assert f"gateway 2 of 3, {bad!r}, cannot be started" in text
    assert "exited with status 3" in text
    assert "out of luck" in text
    assert len(group) == 0
    assert children() <= before  # no process is left, not even a zombie


def children() -> set[int]:
    """Return the processes whose parent is this one."""
    tasks = (task / "children" for task in Path("/proc/self/task").iterdir())
    return {int(pid) for task in tasks if task.exists() for pid in task.read_text().split()}


def test_a_single_failure_is_not_told_twice(tmp_path: Path, group: Group) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)\n")
    with pytest.raises(HostNotFound) as caught:
        group.makegateway(f"popen//env:PYTHONPATH={tmp_path}")
    assert str(caught.value).count("popen//env:PYTHONPATH") == 1
    assert "gateway 1 of 1" not in str(caught.value)


def test_a_failed_id_can_be_used_again(tmp_path: Path, group: Group) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)\n")
    spec = XSpec(f"popen//id=again//env:PYTHONPATH={tmp_path}")
    with pytest.raises(HostNotFound):
        group.makegateway(spec)
    (tmp_path / "sitecustomize.py").write_text("")
    assert group.makegateway(spec).id == "again"


def test_gateways_through_gateways(group: Group) -> None:
    group.makegateway("popen//id=master")
    group.makegateways(["popen//via=master//id=a", "popen//via=a//id=b", "popen//id=c"], parallel=1)
    pids = group.remote_exec("import os; channel.send((os.getpid(), os.getppid()))").receive_each()
    assert [parent for _, parent in pids] == [os.getpid(), pids[0][0], pids[1][0], os.getpid()]


def test_an_unknown_master_starts_nothing(group: Group) -> None:
    specs = ["popen//id=a", "popen//via=later//id=b", "popen//id=later"]
    with pytest.raises(ValueError, match=r"gateway 2 of 3, .*names no gateway of the group; there are: a$"):
        group.makegateways(specs)
    with pytest.raises(ValueError, match=r"there are: none$"):
        group.makegateway("popen//via=gw0")
    assert len(group) == 0


def test_at_least_one_may_start(group: Group) -> None:
    with pytest.raises(ValueError, match="parallel=0: at least one"):
        group.makegateways(["popen"], parallel=0)


def test_no_specifications_no_gateways(group: Group) -> None:
    assert group.makegateways([]) == []


def test_start_all_makes_no_members() -> None:
    gateways = start_all([XSpec("popen//id=one")])
    assert gateways[0]._group is None
    assert terminate_all(gateways, None) == []
    assert gateways[0].returncode == 0
