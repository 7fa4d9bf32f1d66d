"""What brings the bare worker to life in an interpreter where nothing of ours is installed.

The interpreter is started with ``-c`` and ``FIRST_LINE``; ``blob()`` is then the first thing written to its
standard input, and the protocol follows at once, without waiting for anything::

    [python, "-u", "-c", FIRST_LINE]

The first line is as short as a line can be that reads an exact number of bytes on Python 2.7 and on all later
ones. It consists of letters, digits, blanks and ``.,;()=``, so it passes any number of shells if it is
between quotes of either kind. What it reads is a second one, which knows names, sizes and versions.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib
from importlib.util import MAGIC_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: For ``python -c``. It reads six digits and then that many bytes, which it executes. A buffer of one byte
#: never takes more than was asked for.
FIRST_LINE: Final = "import io;r=io.BufferedReader(io.FileIO(0,closefd=0),1).read;exec(r(int(r(6))))"

#: The source file, which is sent and never imported.
SOURCE_FILE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bare_worker.py")

#: Executed by the first line, with its ``r``. The worker is a module, so that what it defines has a
#: ``__module__`` that can be found.
_SECOND_LINE: Final = """\
import sys,zlib
s=zlib.decompress(r({size})).decode('ascii')
m=sys.modules['xnet_bare_worker']=type(sys)('xnet_bare_worker')
{code}exec(c or compile(s,'{name}','exec'),m.__dict__)
del r,c
m.main(s)
"""
_NO_CODE: Final = "c=None\n"
#: With code that was compiled here. Only the very same format of code is taken.
_CODE: Final = """\
import marshal
c=zlib.decompress(r({size}))
f=sys.modules.get('_frozen_importlib_external')
c=f and f.MAGIC_NUMBER=={magic!r} and sys.implementation.name=={implementation!r} and marshal.loads(c)
"""
#: Where tracebacks say that the worker is.
NAME: Final = "<xnet bare worker>"

_blobs: dict[bool, bytes] = {}


def source() -> str:
    """Return the text of the bare worker as it is on disk."""
    with open(SOURCE_FILE, encoding="ascii") as file:
        return file.read()


def without_comments(text: str) -> str:
    """Return the source as it is sent: without docstrings and lines of comment, each line at its number.

    It knows the style of that one file, which a test compares before and after; a real tokeniser would take a
    hundred times as long.
    """
    lines = []
    in_docstring = False
    for line in text.split("\n"):
        stripped = line.strip()
        if in_docstring:
            in_docstring = not stripped.endswith('"""')
            lines.append("")
        elif stripped.startswith('"""'):
            in_docstring = stripped == '"""' or not stripped.endswith('"""')
            lines.append(line[: -len(stripped)] + "0")
        elif stripped.startswith("#"):
            lines.append("")
        else:
            lines.append(line.partition("  # ")[0])
    return "\n".join(lines)


def blob(compiled: bool = False) -> bytes:
    """Return what to write to the new interpreter first. Made once for each process.

    Args:
        compiled: Send compiled code besides the source. An interpreter of the version of this one then starts
            some 20 ms sooner; for others it is 72 kB for nothing. Worth it where bytes cost nothing.

    Threads: any.
    """
    if compiled not in _blobs:
        text = without_comments(source())
        parts = [zlib.compress(text.encode("ascii"), 9)]
        code = _NO_CODE
        if compiled:
            parts.append(zlib.compress(marshal.dumps(compile(text, NAME, "exec", dont_inherit=True))))
            code = _CODE.format(
                size=len(parts[1]), magic=MAGIC_NUMBER, implementation=sys.implementation.name
            )
        second = _SECOND_LINE.format(size=len(parts[0]), code=code, name=NAME).encode("ascii")
        _blobs[compiled] = b"".join([b"%06d" % len(second), second, *parts])
    return _blobs[compiled]
