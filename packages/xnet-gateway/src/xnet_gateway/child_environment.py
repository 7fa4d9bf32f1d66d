"""What a program that is started here finds in its environment: ours, except what is for us alone."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

#: The secret of servers itself, and the path of a file that holds it.
SECRET_VARIABLE: Final = "XNET_SECRET"
FILE_VARIABLE: Final = "XNET_SECRET_FILE"
SECRETS: Final = (SECRET_VARIABLE, FILE_VARIABLE)


def child_environment(changes: Mapping[str, object] | None = None) -> dict[str, str] | None:
    """Return the environment for a program that is started here; None for ours as it is.

    What is in it every program that runs there inherits, and every process of the same user can read.

    Args:
        changes: What a worker's specification sets in addition. A secret among it goes with HELLO, later.
    """
    if not changes and not any(name in os.environ for name in SECRETS):
        return None
    environment = {**os.environ, **{name: str(value) for name, value in (changes or {}).items()}}
    for name in SECRETS:
        environment.pop(name, None)
    return environment
