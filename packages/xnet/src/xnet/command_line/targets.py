"""``SPEC:DEST``: where ``xnet rsync`` copies to.

A specification may have colons, and so may a path. The rule: DEST begins behind the **last** colon that a
path follows, and a path begins with ``/``, ``./`` or ``../``, or is ``.`` or ``..``. So it is with these::

    ssh=me@host:/srv/app                    socket=10.0.0.7:8888:./app
    popen//python=python3.9:/tmp/a:b        socket=[::1]:8888:/srv/app

and these are refused, since they could be meant in two ways::

    ssh=host:app                            no path that begins as one: is it ./app?
    socket=host:8888                        no path at all
    popen//env:PATH=/a:/b                   is /b where to, or a part of the value?

The last is refused whatever follows: a DEST directly behind the value of a variable. Such entries stand in
front of others then, as in ``env:PATH=/a:/b//popen:/srv/app``.
"""

from __future__ import annotations

import re

from xnet.command_line.redaction import hide_in_spec
from xnet_gateway.xspec import ENV_PREFIX, SEPARATOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: What a DEST begins with, or is.
_PATH: Final = re.compile(r":(?=/|\.\.?/|\.\.?$)")
EXPECTED: Final = "expected SPEC:DEST, where DEST begins with / or ./ or ../, as in ssh=me@host:/srv/app"


def parse_target(text: str) -> tuple[str, str]:
    """Return specification and destination.

    Raises:
        ValueError: The text has no destination, or could be meant in two ways (our caller's fault).
    """
    shown = hide_in_spec(text)
    places = [found.start() for found in _PATH.finditer(text)]
    if not places:
        raise ValueError(f"the target {shown!r} has no destination: {EXPECTED}")
    spec, dest = text[: places[-1]], text[places[-1] + 1 :]
    if not spec:
        raise ValueError(f"the target {shown!r} has no specification: {EXPECTED}; this machine is popen")
    last = spec.rpartition(SEPARATOR)[2]
    if last.startswith(ENV_PREFIX):
        raise ValueError(
            f"the target {shown!r} could mean two things: does the end belong to the value of"
            f" {last.partition('=')[0]}? Write such entries first, as in env:NAME=value//popen:/srv/app"
        )
    if "\0" in text:
        raise ValueError(f"the target {shown!r} has a NUL character, which no path can have")
    return spec, dest
