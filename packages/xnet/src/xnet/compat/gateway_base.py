"""``execnet.gateway_base``: where execnet keeps nearly everything."""

from __future__ import annotations

import os
import tempfile
from _thread import interrupt_main
from io import BytesIO
from threading import Event

from xnet.compat.absent import absent_class, missing
from xnet.compat.message import Message
from xnet.compat.popen_io import Popen2IO, init_popen_io
from xnet.compat.serving import IO, ReadIO, WriteIO, serve
from xnet.compat.worker_pool import Reply, WorkerPool
from xnet_channel.threads.callbacks import NO_ENDMARKER as NO_ENDMARKER_WANTED
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.channel_files import ChannelFile, ChannelFileRead, ChannelFileWrite
from xnet_channel.threads.error_data import format_error as geterrortext
from xnet_channel.threads.errors import INTERRUPT_TEXT, RemoteError, TimeoutError
from xnet_channel.threads.owner import SessionOwner as BaseGateway
from xnet_gateway.execmodel import (
    EventletExecModel,
    ExecModel,
    GeventExecModel,
    MainThreadOnlyExecModel,
    ThreadExecModel,
    get_execmodel,
)
from xnet_gateway.tracing import maybe_tracer
from xnet_gateway.worker.exec_pool import CONCURRENT_EXEC_DEADLOCK_TEXT as MAIN_THREAD_ONLY_DEADLOCK_TEXT
from xnet_gateway.worker.worker import WorkerGateway
from xnet_wire.dump_format import (
    DUMPFORMAT_VERSION,
    Unserializer,
    _Serializer,
    dump,
    dumps,
    load,
    loads,
    opcode,
)
from xnet_wire.errors import DataFormatError, DumpError, LoadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "BaseGateway",
    "BytesIO",
    "COMPLEX_FORMAT",
    "COMPLEX_FORMAT_SIZE",
    "Channel",
    "ChannelFactory",
    "ChannelFile",
    "ChannelFileRead",
    "ChannelFileWrite",
    "DEBUG",
    "DUMPFORMAT_VERSION",
    "DataFormatError",
    "DumpError",
    "Event",
    "EventletExecModel",
    "ExecModel",
    "FLOAT_FORMAT",
    "FLOAT_FORMAT_SIZE",
    "FOUR_BYTE_INT_MAX",
    "GatewayReceivedTerminate",
    "GeventExecModel",
    "INTERRUPT_TEXT",
    "IO",
    "LoadError",
    "MAIN_THREAD_ONLY_DEADLOCK_TEXT",
    "MainThreadOnlyExecModel",
    "Message",
    "NO_ENDMARKER_WANTED",
    "Popen2IO",
    "ReadIO",
    "RemoteError",
    "Reply",
    "ThreadExecModel",
    "TimeoutError",
    "Unserializer",
    "WorkerGateway",
    "WorkerPool",
    "WriteIO",
    "_Serializer",
    "bchr",
    "dump",
    "dumps",
    "dumps_internal",
    "get_execmodel",
    "geterrortext",
    "init_popen_io",
    "interrupt_main",
    "load",
    "loads",
    "loads_internal",
    "notrace",
    "opcode",
    "pid",
    "serve",
    "sysex",
    "trace",
]

#: As in execnet, where programs find them.
FOUR_BYTE_INT_MAX = 2**31 - 1
FLOAT_FORMAT, FLOAT_FORMAT_SIZE = "!d", 8
COMPLEX_FORMAT, COMPLEX_FORMAT_SIZE = "!dd", 16
DEBUG = os.environ.get("EXECNET_DEBUG")
pid = os.getpid()
sysex = (KeyboardInterrupt, SystemExit)

ChannelFactory = absent_class(
    "execnet.gateway_base.ChannelFactory",
    "Gateway.newchannel() makes channels, .remote_status() counts them",
)

#: What to use instead of values that mean nothing here.
_INSTEAD = {
    "ENDMARKER": "give Channel.setcallback() your own endmarker",
    "_Stop": "Unserializer.load() returns at the end of a dump",
}


class GatewayReceivedTerminate(Exception):
    """Never raised here: a worker that is asked to end takes no more requests. Programs may catch it."""


def dumps_internal(obj: object) -> bytes:
    """Return the dump of an object without the format's version before it.

    Raises:
        DumpError: As ``dumps``.
    """
    return dumps(obj)[len(DUMPFORMAT_VERSION) :]


def loads_internal(
    bytestring: bytes, channelfactory: Any = None, strconfig: tuple[bool, bool] | None = None
) -> Any:
    """Load the dump of an object that has no version before it.

    Args:
        bytestring: The dump.
        channelfactory: An object whose ``_channelfactory`` makes channels, or None.
        strconfig: As for ``Unserializer``.

    Raises:
        LoadError, EOFError: As ``load``.
    """
    return Unserializer(BytesIO(bytestring), channelfactory, strconfig).load()


def bchr(n: int) -> bytes:
    """Return the byte of a number."""
    return bytes([n])


def notrace(*msg: object) -> None:
    """Do nothing."""


def _trace(*msg: object) -> None:
    """Write a line into the trace."""
    tracer = maybe_tracer()
    if tracer is not None:
        tracer.event("trace", " ".join(map(str, msg)))


#: Decided at import, as in execnet, so that it can be compared with ``notrace``.
trace = _trace if DEBUG else notrace
if DEBUG == "1":
    #: The file of the trace.
    fn = os.path.join(tempfile.gettempdir(), f"execnet-debug-{pid}")

#: How often execnet's ``receive()`` looks up from its wait, in seconds. Ours need not; it can be replaced.
Channel._INTERNALWAKEUP = 1000  # type: ignore[attr-defined]


def __getattr__(name: str) -> object:
    """Say what to use instead of a name that is not here."""
    raise missing("execnet.gateway_base", name, _INSTEAD)
