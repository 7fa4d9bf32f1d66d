"""The exceptions to our rules, each with its reason. An entry no longer needed is a problem too."""

from __future__ import annotations

from typing import Final

# path -> why it may be longer than file_sizes.MOST_LINES
FILE_SIZES: Final[dict[str, str]] = {}

_FILES: Final = "files of the user, wherever the program has them"
_WAITS_AS_PROGRAM: Final = "waits as the program does, in a greenlet where it uses greenlets"
_STRANGERS: Final = (
    "who forbids connections to strangers forbids this one; in a greenlet others run meanwhile"
)
_BEFORE: Final = "before any code is executed"
_TELLS: Final = "it may stand in any Python; what is not there is an error that the initiator gets"
_NAMES_OF_EXECNET: Final = "execnet's names for what the program has"

# source file, or folder with a slash at its end -> what it uses by its name (* for all)
#   -> why it need not be what `native` took in time
BY_NAME: Final[dict[str, dict[str, str]]] = {
    "packages/xnet-channel/src/xnet_channel/threads/errors.py": {"os.getpid": "in a warning"},
    "packages/xnet-channel/src/xnet_channel/platform/native.py": {
        "threading.Thread": "it takes what there is"
    },
    "packages/xnet-gateway/src/xnet_gateway/bare/worker/configuring.py": {"os.mkdir": _BEFORE},
    "packages/xnet-gateway/src/xnet_gateway/bare/worker/start.py": {"open": _BEFORE, "os.fdopen": _BEFORE},
    "packages/xnet-gateway/src/xnet_gateway/bare/relay_program.py": {
        "socket.create_connection": _STRANGERS,
        "socket.fromfd": _TELLS,
        "socket.socket": _STRANGERS,
        "socket.socketpair": _TELLS,
        "subprocess.Popen": _TELLS,
        "threading.Event": _TELLS,
        "threading.Thread": _TELLS,
    },
    "packages/xnet-gateway/src/xnet_gateway/execmodel.py": {"*": _NAMES_OF_EXECNET},
    "packages/xnet-gateway/src/xnet_gateway/native_popen.py": {
        "subprocess.Popen": "what programs look for",
        "time.sleep": "lets other greenlets run",
    },
    "packages/xnet-gateway/src/xnet_gateway/sockets/dialing.py": {"socket.socket": _STRANGERS},
    "packages/xnet-gateway/src/xnet_gateway/sockets/secrets_source.py": {"*": _FILES},
    "packages/xnet-gateway/src/xnet_gateway/transport_checking.py": {"open": "in tests of a transport"},
    "packages/xnet-gateway/src/xnet_gateway/transports/via.py": {"socket.socket": _STRANGERS},
    "packages/xnet-gateway/src/xnet_gateway/worker/config.py": {"os.mkdir": _BEFORE},
    "packages/xnet-group/src/xnet_group/multichannel.py": {"queue.Queue": _WAITS_AS_PROGRAM},
    "packages/xnet-rsync/src/xnet_rsync/contents.py": {"*": _FILES},
    "packages/xnet-rsync/src/xnet_rsync/index.py": {"threading.Condition": _WAITS_AS_PROGRAM},
    "packages/xnet-rsync/src/xnet_rsync/memo.py": {"threading.Lock": _WAITS_AS_PROGRAM},
    "packages/xnet-rsync/src/xnet_rsync/receiver/": {"*": _FILES},
    "packages/xnet-rsync/src/xnet_rsync/run.py": {"queue.SimpleQueue": _WAITS_AS_PROGRAM},
    "packages/xnet-rsync/src/xnet_rsync/walk.py": {"*": _FILES},
    "packages/xnet/src/xnet/compat/gateway.py": {"os.getpid": "tells it"},
    "packages/xnet/src/xnet/compat/gateway_base.py": {"*": _NAMES_OF_EXECNET},
    "packages/xnet/src/xnet/compat/popen_io.py": {"os.fdopen": _NAMES_OF_EXECNET},
}
