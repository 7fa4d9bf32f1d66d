"""``execnet.gateway_base``: where execnet keeps nearly everything."""

from __future__ import annotations

from xnet.compat.message import Message
from xnet.compat.serving import serve
from xnet.compat.worker_pool import Reply, WorkerPool
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.channel_files import ChannelFile, ChannelFileRead, ChannelFileWrite
from xnet_channel.threads.errors import INTERRUPT_TEXT, RemoteError, TimeoutError
from xnet_channel.threads.mailbox import NO_ENDMARKER as NO_ENDMARKER_WANTED
from xnet_channel.threads.tracebacks import format_error as geterrortext
from xnet_gateway.execmodel import ExecModel, MainThreadOnlyExecModel, ThreadExecModel, get_execmodel
from xnet_gateway.gateway import Gateway as BaseGateway
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

__all__ = [
    "BaseGateway",
    "Channel",
    "ChannelFile",
    "ChannelFileRead",
    "ChannelFileWrite",
    "DUMPFORMAT_VERSION",
    "DataFormatError",
    "DumpError",
    "ExecModel",
    "INTERRUPT_TEXT",
    "LoadError",
    "MAIN_THREAD_ONLY_DEADLOCK_TEXT",
    "MainThreadOnlyExecModel",
    "Message",
    "NO_ENDMARKER_WANTED",
    "RemoteError",
    "Reply",
    "ThreadExecModel",
    "TimeoutError",
    "Unserializer",
    "WorkerGateway",
    "WorkerPool",
    "_Serializer",
    "dump",
    "dumps",
    "get_execmodel",
    "geterrortext",
    "load",
    "loads",
    "opcode",
    "serve",
]
