"""Testees that must be built before they can be started."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING, Final

from xnet_conformance.errors import CannotStart

if TYPE_CHECKING:
    from xnet_conformance.testee import Testee

#: A compiler that takes longer waits for something.
_LIMIT_S: Final = 600
_SHOWN: Final = 3000


def build(testee: Testee) -> None:
    """Run the command that builds a testee, if it has one.

    Every run does, so that what is judged is what its sources say; a build tool that finds nothing to do
    is quick.

    Raises:
        CannotStart: The command does not exist, or it failed.
    """
    if not testee.build:
        return
    words = shlex.split(testee.build)
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotStart(f"it cannot be built by {testee.build!r}: {error}") from None
    if done.returncode:
        said = done.stdout.decode(errors="replace")[-_SHOWN:]
        raise CannotStart(f"it cannot be built: {testee.build!r} ended with {done.returncode}\n{said}")
