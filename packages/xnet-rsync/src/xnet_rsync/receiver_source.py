"""The receiver as one text, for workers that have none of their own."""

from __future__ import annotations

from functools import cache
from textwrap import indent

from xnet_gateway.bundle import Bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: What is sent. Tracebacks say ``<xnet rsync receiver/NAME.py>``.
RECEIVER: Final = Bundle(
    "xnet_rsync.receiver",
    (
        "arrivals",
        "assembly",
        "attributes",
        "candidates",
        "case_folding",
        "chunk_search",
        "codes",
        "comparison",
        "cuts",
        "decompression",
        "deletion",
        "destination",
        "file_data",
        "folder",
        "judge",
        "later",
        "names",
        "opening",
        "refusals",
        "removal",
        "reuse",
        "service",
        "start",
        "sync",
        "system",
        "table",
        "unfinished",
    ),
    "xnet_rsync_receiver",
    "xnet rsync receiver",
)

#: Loads as the worker that executes it does, if it has a way of its own: code may have changed imports.
_PROGRAM: Final = """\
class Anyhow(object):
    __enter__ = lambda self: None
    __exit__ = lambda self, *error: None
with getattr(channel.gateway, "_own_imports", Anyhow()):
{load}
start.serve(channel)
"""


@cache
def receiver_source() -> str:
    """Return the program that receives a tree on its ``channel``.

    Raises:
        OSError: The source of a module is not in this program.

    Threads: any.
    """
    return _PROGRAM.format(load=indent(RECEIVER.program("start.serve").strip(), "    "))
