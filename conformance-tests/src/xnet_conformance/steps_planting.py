"""Steps that put something where a testee is going to trace. Spec: TR-005."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CaseError, CheckFailed
from xnet_conformance.scenario import step
from xnet_conformance.steps_watching import descendants

if TYPE_CHECKING:
    from xnet_conformance.scenario import Scenario

#: What an earlier process of the same number has left in its trace.
_EARLIER: Final = "gw1-worker earlier process\n"
#: Files with content, by the rights of others.
_MODES: Final = {"readable": 0o644, "group-readable": 0o640, "group-writable": 0o620, "writable": 0o602}


@step("plant")
def plant(scenario: Scenario, raw: Any) -> None:
    """Put something where the testee is going to trace: ``{what: pipe}``, ``link``, ``readable``, ``own``.

    It belongs between the two HELLOs, where ours asks for the trace: then its processes are known. There are
    ``pipe``, ``folder``, ``link`` to a file that does not exist, ``link-to-own`` to one of the testee's own,
    ``hard-link``, a file that has another name, too, ``readable``, ``group-readable``, ``group-writable`` and
    ``writable``, which others may read or write, and ``own``, which only the testee may. With ``still: true``
    check that it is as it was; the testee's own may have more in it. With ``json: true`` it is the file of
    the lines for machines, ``trace-PID.jsonl``.
    """
    process = scenario.session.link.process
    if process is None:
        raise CaseError("there is no process with a known id")
    for pid in [process.pid, *descendants(process.pid)]:
        name = f"trace-{pid}.jsonl" if raw.get("json") else f"execnet-debug-{pid}"
        path = Path(scenario.scratch) / name
        (_check if raw.get("still") else _put)(raw["what"], path, path.with_name(f"target-{pid}"))


def _put(what: str, path: Path, target: Path) -> None:
    if what == "pipe":
        os.mkfifo(path, 0o600)
    elif what == "folder":
        path.mkdir(0o700)
    elif what == "link":
        path.symlink_to(target)
    elif what in ("link-to-own", "hard-link"):
        target.write_text(_EARLIER, encoding="ascii")
        target.chmod(0o600)
        if what == "hard-link":
            os.link(target, path)
        else:
            path.symlink_to(target)
    else:
        path.write_text(_EARLIER, encoding="ascii")
        path.chmod(0o600 if what == "own" else _MODES[what])


def _check(what: str, path: Path, target: Path) -> None:
    if what == "own":
        if not path.read_text(encoding="utf-8").startswith(_EARLIER):
            raise CheckFailed("what was in the file of the trace is gone", req="TR-001")
    elif target.exists() != (what in ("link-to-own", "hard-link")):
        raise CheckFailed("a link in place of the trace was followed or removed", req="TR-005")
    elif what not in ("pipe", "folder", "link") and path.read_text(encoding="utf-8") != _EARLIER:
        raise CheckFailed("what was planted in place of the trace was written to", req="TR-005")
