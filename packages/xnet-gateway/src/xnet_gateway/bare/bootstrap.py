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
import sys
import zlib
from importlib.util import MAGIC_NUMBER

from xnet_gateway.bundle import without_comments
from xnet_gateway.own_files import own_code, own_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: For ``python -c``. It reads six digits and then that many bytes, which it executes. A buffer of one byte
#: never takes more than was asked for.
FIRST_LINE: Final = "import io;r=io.BufferedReader(io.FileIO(0,closefd=0),1).read;exec(r(int(r(6))))"

#: The module that is sent and never imported.
MODULE: Final = "xnet_gateway.bare.bare_worker"

#: Executed by the first line, with its ``r``. The worker is a module, so that what it defines has a
#: ``__module__`` that can be found. Collecting garbage meanwhile would take a tenth of the time.
_SECOND_LINE: Final = """\
import sys,gc
gc.disable()
{text}
a,b=s.decode('ascii').split('{end}')
m=sys.modules['xnet_bare_worker']=type(sys)('xnet_bare_worker')
{code}
exec(c or compile(a,'{name}','exec'),m.__dict__)
gc.enable()
del r,s,c
m.main(a,b)
"""
_COMPRESSED: Final = "import zlib;s=zlib.decompress(r({size}))"
_NO_CODE: Final = "c=None"
#: To an interpreter of this machine. The import alone would take longer than the bytes.
_AS_IT_IS: Final = "s=r({size})"
#: With code that was compiled here. Only the very same format of code is taken.
_CODE: Final = """\
import marshal
c=r({size})
f=sys.modules.get('_frozen_importlib_external')
c=f and f.MAGIC_NUMBER=={magic!r} and sys.implementation.name=={implementation!r} and marshal.loads(c)"""
#: Between the two texts: what is compiled first, and the rest.
_END_OF_FIRST: Final = "$"
#: Where tracebacks say that the worker is.
NAME: Final = "<xnet bare worker>"

_blobs: dict[bool, bytes] = {}


def source() -> str:
    """Return the text of the bare worker as it is on disk.

    Raises:
        OSError: It is not there.
    """
    return own_source(MODULE)


def take_apart(text: str) -> tuple[str, str]:
    """Return what is compiled first, and the rest: what is marked with ``@later``, compiled at its first use.

    Each statement is at its line. Where a function or class was taken out of the first part, there is
    ``name = Later("name")``; of a class with marked methods, the rest has the line ``class ...`` and these.
    """
    first: list[str] = []
    rest: list[str] = []
    class_at = 0
    taken_at = -1  # the column of what is being taken out, -1 if nothing is
    named = True
    for line in text.split("\n"):
        column = len(line) - len(line.lstrip())
        word, _, after = line.lstrip().partition(" ")
        if word and named and column <= taken_at:
            taken_at = -1
        if taken_at < 0 and word == "@later":
            taken_at = column
            named = False
            first.append("")
            rest.append("")
            continue
        if taken_at < 0:
            if word == "class" and not column:
                class_at = len(first)
            first.append(line)
            rest.append("")
            continue
        if not named and word in ("def", "class"):
            named = True
            name = after.partition("(")[0]
            first.append(f'{" " * column}{name} = Later("{name}")')
            if column:
                rest[class_at] = first[class_at]
        else:
            first.append("")
        rest.append(line)
    return "\n".join(first), "\n".join(rest)


def blob(here: bool = False) -> bytes:
    """Return what to write to the new interpreter first. Made once for each process.

    Args:
        here: It is on this machine, where bytes cost less than time: as it is, with compiled code besides. An
            interpreter of the version of this one then starts 20 ms sooner, others 1 ms.

    Raises:
        OSError: What is to be sent is not in this program.

    Threads: any.
    """
    if here not in _blobs:
        text = _END_OF_FIRST.join(take_apart(without_comments(source()))).encode("ascii")
        if here:
            parts = [text, marshal.dumps(own_code(MODULE))]
            how = _AS_IT_IS
            code = _CODE.format(
                size=len(parts[1]), magic=MAGIC_NUMBER, implementation=sys.implementation.name
            )
        else:
            # The best level takes five times as long for 350 bytes.
            parts = [zlib.compress(text, 6)]
            how = _COMPRESSED
            code = _NO_CODE
        second = _SECOND_LINE.format(
            text=how.format(size=len(parts[0])), code=code, name=NAME, end=_END_OF_FIRST
        ).encode("ascii")
        _blobs[here] = b"".join([b"%06d" % len(second), second, *parts])
    return _blobs[here]
