"""Names of entries, which are one component of a path, and those of unfinished files."""

import binascii
import os
import zlib

from .codes import TEMPORARY
from .refusals import must
from .system import WINDOWS


def check_names(names):
    """Refuse what is not one component of a path. Spec: RS-030, RS-031."""
    joined = b"\0".join(names)
    if WINDOWS or b"/" in joined or TEMPORARY in joined or not {b"", b".", b".."}.isdisjoint(names):
        for name in names:
            check_name(name)


def check_name(name):
    """Refuse what is not one component of a path. Spec: RS-030, RS-031."""
    must(
        name and name not in (b".", b"..") and b"/" not in name and b"\0" not in name,
        "%r is not the name of something in a directory", name,
    )
    if WINDOWS:
        must(not set(name) & set(b'\\:*?"<>|') and not name.endswith((b".", b" ")), "%r is not a name here", name)
    must(not name.startswith(TEMPORARY), "the name %r is kept for unfinished files", name)


def temporary_name(name):
    """Return a name for the unfinished file ``name``; the next run sees from it what it is part of."""
    return TEMPORARY + name_mark(name) + b"-" + binascii.hexlify(os.urandom(4))


#: Small files need no mark, as what has come of them is not worth keeping: only a name of their own.
SMALL = TEMPORARY + b"0" * 16 + b"-" + binascii.hexlify(os.urandom(8)) + b"-"


def name_mark(name):
    """Return 16 digits for a name."""
    marks = (zlib.crc32(name) & 0xFFFFFFFF, zlib.crc32(name, 0x55555555) & 0xFFFFFFFF)
    return ("%08x%08x" % marks).encode("ascii")
