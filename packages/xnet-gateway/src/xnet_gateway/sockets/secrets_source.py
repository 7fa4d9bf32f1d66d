"""Where the shared secret comes from: a file that only its owner can read, or the environment.

Never the command line, which every user of a machine can see. What is read here is in no message, whatever
is wrong with it.
"""

from __future__ import annotations

import os
import stat

from xnet_gateway.child_environment import FILE_VARIABLE, SECRET_VARIABLE
from xnet_gateway.sockets.authentication import MIN_SECRET_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

#: A secret file that is larger is something else, given by mistake.
MAX_FILE_BYTES: Final = 4096
_HOW_TO_MAKE_ONE: Final = "(umask 077; python3 -c 'import secrets; print(secrets.token_hex(32))' > FILE)"


def find_secret(file: str | None = None, environment: Mapping[str, str] | None = None) -> bytes | None:
    """Return the secret that was given, or None if none was.

    Args:
        file: A path that was given; then the environment is not looked at.
        environment: Where ``XNET_SECRET_FILE`` or ``XNET_SECRET`` may be; ``os.environ`` if None.

    Raises:
        ValueError: What was given cannot be used, or both variables are set; the text says why and does not
            have the secret (our caller's fault).
    """
    if file is not None:
        return read_secret_file(file)
    environment = os.environ if environment is None else environment
    named, given = environment.get(FILE_VARIABLE), environment.get(SECRET_VARIABLE)
    if named and given:
        raise ValueError(f"{FILE_VARIABLE} and {SECRET_VARIABLE} are both set: expected one of them")
    if named:
        return read_secret_file(named)
    if given:
        return _checked(os.fsencode(given), f"the environment variable {SECRET_VARIABLE}")
    return None


def read_secret_file(path: str) -> bytes:
    """Return the secret in a file: all of it but white space at both ends.

    Raises:
        ValueError: The file cannot be read, is not ours, others can read it, or it does not contain a secret.
    """
    try:
        # Not blocking: it could by mistake be a pipe that is never written to.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read the secret file {path!r}: {error}") from None
    try:
        # Of the open file: a path may lead elsewhere a moment later.
        _check_owner(path, os.fstat(fd))
        content = os.read(fd, MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot read the secret file {path!r}: {error}") from None
    finally:
        os.close(fd)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"the secret file {path!r} has more than {MAX_FILE_BYTES} bytes: it is not a secret")
    return _checked(content, f"the secret file {path!r}")


def _check_owner(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"the secret file {path!r} is not a regular file")
    if status.st_uid not in (os.geteuid(), 0):
        raise ValueError(f"the secret file {path!r} belongs to user {status.st_uid}, who can change it")
    if status.st_mode & 0o077:
        raise ValueError(
            f"the secret file {path!r} has the mode {stat.S_IMODE(status.st_mode):04o}, so others can read or"
            f" change it: run chmod 600 {path} and, if others may have read it, make a new secret"
        )


def _checked(content: bytes, where: str) -> bytes:
    secret = content.strip()
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(
            f"{where} has {len(secret)} bytes of secret, expected at least {MIN_SECRET_BYTES};"
            f" make one with {_HOW_TO_MAKE_ONE}"
        )
    return secret
