"""What a report is made from."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from xnet_conformance.profiles import Profile
    from xnet_conformance.results import Result
    from xnet_conformance.testee import Testee


@attrs.frozen
class Report:
    """One run of one testee."""

    testee: Testee
    profile: Profile
    results: list[Result]
    seconds: float

    def repeat_command(self, result: Result) -> str:
        """Return the command line that runs one case again."""
        if self.testee.file:  # with the fixtures and features that it names
            return f"xnet-conformance run -t {shlex.quote(self.testee.file)} --case {result.case.id} --trace"
        quoted = self.testee.command.replace('"', '\\"')
        role = "" if self.testee.role == "worker" else f" --as {self.testee.role}"
        stdio = "" if self.testee.stdio == "pipes" else f" --stdio {self.testee.stdio}"
        return f'xnet-conformance run -t "{quoted}"{role}{stdio} --case {result.case.id} --trace'
