"""What is tested: a command and what is declared about it, on the command line or in a file.

A file is YAML::

    name: my worker in Ruby
    command: ruby {here}/worker.rb        # {here} is the file's folder, {python} the runner's interpreter
    build: make -C {here}                 # is run before the first start, if the command must be built
    role: worker                          # worker, initiator, adapter or legacy
    features: [trace]                     # beyond what its HELLO says
    stdio: pipes                          # or socket
    python2: false                        # it may send py2-str
    fixtures: fixtures                    # folder with fixtures for its language
    expectations:                         # cases that are known not to pass; they still run
      channel.half.*: {expect: fail, reason: not written yet, issue: https://...}
"""

from __future__ import annotations

import fnmatch
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any, Final

import attrs
import yaml

from xnet_conformance.case import ROLES
from xnet_conformance.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_KEYS: Final = frozenset(
    [
        "name",
        "command",
        "build",
        "role",
        "features",
        "stdio",
        "python2",
        "fixtures",
        "expectations",
        "issues",
        "environ",
        "profile",
    ]
)
_EXPECTED: Final = ("fail", "skip", "flaky")


@attrs.frozen
class Expectation:
    """What a testee says about cases beforehand."""

    pattern: str
    expect: str
    reason: str
    issue: str = ""


@attrs.frozen
class Testee:
    """One implementation in one role."""

    name: str
    command: str
    role: str = "worker"
    build: str = ""
    features: tuple[str, ...] = ()
    stdio: str = "pipes"
    python2: bool = False
    fixtures: tuple[Path, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    issues: str = ""
    environ: dict[str, str] = attrs.Factory(dict)
    profile: str = ""
    file: str = ""

    def expectation(self, case_id: str) -> Expectation | None:
        """Return the expectation for a case."""
        return next((e for e in self.expectations if fnmatch.fnmatchcase(case_id, e.pattern)), None)


def from_command(command: str, role: str = "worker", **fields: Any) -> Testee:
    """Return a testee that is only a command."""
    return Testee(name=fields.pop("name", command), command=absolute(command), role=role, **fields)


def absolute(command: str) -> str:
    """Return the command with its files named in full: cases run in other directories."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"the command {command!r} cannot be split into words: {error}") from None
    if not words:
        raise UsageError("the command of the testee is empty")
    return shlex.join(
        os.path.abspath(w) if ("/" in w or "." in w) and os.path.exists(w) else w for w in words
    )


def read_testee(path: Path) -> Testee:
    """Return the testee that a file describes.

    Raises:
        UsageError: It describes none.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"the testee's file {path} cannot be read: {error}") from None
    if not isinstance(raw, dict) or "command" not in raw or set(raw) - _KEYS:
        raise UsageError(f"{path} is not a map with the key command and some of {', '.join(sorted(_KEYS))}")
    if raw.get("role", "worker") not in ROLES:
        raise UsageError(f"{path}: role is {raw['role']!r}, expected one of {', '.join(ROLES)}")
    here = path.resolve().parent
    words = {"here": shlex.quote(str(here)), "python": shlex.quote(sys.executable)}
    return Testee(
        name=raw.get("name", path.stem),
        command=raw["command"].format(**words),
        role=raw.get("role", "worker"),
        build=str(raw.get("build", "")).format(**words),
        features=tuple(raw.get("features", ())),
        stdio=raw.get("stdio", "pipes"),
        python2=bool(raw.get("python2", False)),
        fixtures=(here / raw["fixtures"],) if "fixtures" in raw else (),
        expectations=tuple(_expectation(path, *row) for row in (raw.get("expectations") or {}).items()),
        issues=raw.get("issues", ""),
        environ={key: str(item).format(here=here) for key, item in raw.get("environ", {}).items()},
        profile=raw.get("profile", ""),
        file=str(path),
    )


def _expectation(path: Path, pattern: str, fields: Any) -> Expectation:
    if not isinstance(fields, dict) or fields.get("expect") not in _EXPECTED or not fields.get("reason"):
        raise UsageError(
            f"{path}: the expectation {pattern!r} needs expect ({', '.join(_EXPECTED)}) and a reason"
        )
    return Expectation(pattern, fields["expect"], fields["reason"], fields.get("issue", ""))


def default_profile(role: str) -> str:
    """Return the profile of a role."""
    return "legacy-2.1" if role == "legacy" else f"1.0-{role}"
