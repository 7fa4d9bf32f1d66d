"""What brings the bare worker to life in an interpreter where nothing of ours is installed.

The interpreter is started with ``-c`` and ``FIRST_LINE``; ``first_bytes()`` is what is first written to its
standard input, and the protocol follows at once, without waiting for anything::

    [python, "-u", "-c", FIRST_LINE]

The first line is as short as a line can be that reads an exact number of bytes on Python 2.7 and on all later
ones. It consists of letters, digits, blanks and ``.,;()=``, so it passes any number of shells if it is
between quotes of either kind. What it reads is a second one, which knows names, sizes and versions.
"""

from __future__ import annotations

import marshal
import re
import sys
import zlib
from collections import Counter
from importlib.util import MAGIC_NUMBER

from xnet_gateway.bundle import LOADER, Bundle, loader_text
from xnet_gateway.own_files import own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: For ``python -c``. It reads six digits and then that many bytes, which it executes. A buffer of one byte
#: never takes more than was asked for.
FIRST_LINE: Final = "import io;r=io.BufferedReader(io.FileIO(0,closefd=0),1).read;exec(r(int(r(6))))"

#: The modules that are sent; ``start`` is executed first, and the others when they are needed. In this
#: order, which ``tools/bare_order.py`` has found, they are the fewest bytes.
WORKER: Final = Bundle(
    "xnet_gateway.bare.worker",
    (
        "import_state",
        "failures",
        "rare_frames",
        "strings",
        "decoding",
        "waiting",
        "keepalive",
        "sleeping",
        "configuring",
        "stopping",
        "encoding",
        "forking",
        "sending",
        "opening",
        "crediting",
        "error_payloads",
        "tracing",
        "imports",
        "awaiting",
        "payloads",
        "execnet_names",
        "describing",
        "channel_table",
        "greenlets",
        "sources",
        "closing",
        "execution",
        "interpreter",
        "gateway",
        "coroutines",
        "channel_files",
        "interrupts",
        "callbacks",
        "writing",
        "link",
        "dumps",
        "explaining",
        "protocol",
        "conversion",
        "stacks",
        "start",
        "takers",
        "states",
        "channel",
        "errors",
        "execmodel",
    ),
    name="xnet_bare_worker",
    title="xnet bare worker",
)

#: Executed by the first line, with its ``r``. Collecting garbage meanwhile would take a tenth of the time.
_SECOND_LINE: Final = """\
import sys,gc
gc.disable()
{unpack}
a,b=u({first}),r({rest})
{code}exec(a.pop(0))
"""
#: What that executes: the first of the texts, compressed with the others.
_THIRD: Final = """\
m=sys.modules['{name}']=type(sys)('{name}')
eval(c.get('',lambda:compile(a[0],'<{title}/loader>','exec'))(),m.__dict__)
b=m.Bundle(m,'{title}',a[1].split(),a[2:],lambda b=b,d=d,u=u:u({again}),c)
s=b.load('start')
gc.enable()
del a,c,d,r,u
s.main(b)
"""
_COMPRESSED: Final = """\
import zlib
c={}
d=zlib.decompressobj()
def u(z):
 w,z=z.split(b'\\2')
 for i,x in enumerate(w.split(b'\\1')):z=z.replace(bytes(bytearray((i+128,))),x)
 return z.decode('ascii').split('\\0')"""
#: To an interpreter of this machine. The import alone would take longer than the bytes.
_AS_IT_IS: Final = "d=0;u=lambda z:z.decode('ascii').split('\\0')"
#: With code that was compiled here. Only the very same format of code is taken.
_CODE: Final = """\
import marshal
c=r({size})
f=sys.modules.get('_frozen_importlib_external')
f=f and f.MAGIC_NUMBER=={magic!r} and sys.implementation.name=={implementation!r}
c=f and {{k:lambda d=d:marshal.loads(d) for k,d in marshal.loads(c).items()}} or {{}}
"""
#: What is sent as one byte each where it is frequent, and how much: the more, the longer it takes to undo.
_PHRASES: Final = (
    rb"[A-Za-z_]{3,}", rb"self\.\w+", rb"\n+ *def ", rb"\n +(?:return|if) ", rb" = ", rb"\(self, ",
)  # fmt: skip
_MOST: Final = (48, 120)  # in what is needed at once, and in the rest

_made: dict[bool, bytes] = {}


def first_bytes(here: bool = False) -> bytes:
    """Return what to write to the new interpreter first. Made once for each process.

    Args:
        here: It is on this machine, where bytes cost less than time: as it is, with compiled code besides. An
            interpreter of the version of this one then starts 20 ms sooner, others 1 ms.

    Raises:
        OSError: What is to be sent is not in this program.

    Threads: any.
    """
    if here not in _made:
        _made[here] = as_it_is(WORKER.texts()) if here else compressed(WORKER.texts())
    return _made[here]


def as_it_is(texts: dict[str, str]) -> bytes:
    """Return the first bytes for this machine, of the modules by their names."""
    codes = {name: own_code(f"{WORKER.package}.{name}") for name in texts}
    codes[""] = own_code(LOADER)
    compiled = marshal.dumps({name: marshal.dumps(code) for name, code in codes.items() if code})
    code = _CODE.format(size=len(compiled), magic=MAGIC_NUMBER, implementation=sys.implementation.name)
    return _with_second_line(_AS_IT_IS, code, [*_parts(texts, "b"), compiled], "r({size})")


def compressed(texts: dict[str, str]) -> bytes:
    """Return few first bytes, of the modules by their names.

    Each step of indentation is one blank, and what is frequent is one byte: that is a tenth.
    """
    compressor = zlib.compressobj(9)
    packed = []
    for part, most in zip(_parts(texts, "d.copy().decompress(b)"), _MOST, strict=True):
        data = re.sub(rb"(?m)^(?: {4})+", lambda blanks: b" " * (len(blanks[0]) // 4), part)
        counts = Counter(phrase for pattern in _PHRASES for phrase in re.findall(pattern, data))
        phrases = sorted((phrase for phrase, _ in counts.most_common(most)), key=len, reverse=True)
        for number, phrase in enumerate(phrases, 128):
            data = data.replace(phrase, bytes((number,)))
        data = compressor.compress(b"\1".join(phrases) + b"\2" + data)
        packed.append(data + compressor.flush(zlib.Z_SYNC_FLUSH))
    return _with_second_line(_COMPRESSED, "", packed, "d.decompress(r({size}))")


def _parts(texts: dict[str, str], again: str) -> list[bytes]:
    """Return what is needed at once, and the rest."""
    soon = WORKER.at_once("start")
    later = [name for name in texts if name not in soon]
    third = _THIRD.format(name=WORKER.name, title=WORKER.title, again=again)
    names = " ".join([*soon, *later])
    parts = [third, loader_text(), names, *(texts[name] for name in soon)], [texts[name] for name in later]
    return ["\0".join(part).encode("ascii") for part in parts]


def _with_second_line(unpack: str, code: str, parts: list[bytes], first: str) -> bytes:
    second = _SECOND_LINE.format(
        unpack=unpack, first=first.format(size=len(parts[0])), rest=len(parts[1]), code=code
    ).encode("ascii")
    return b"".join([b"%06d" % len(second), second, *parts])
