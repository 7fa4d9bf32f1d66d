"""What a worker tells about itself.

Plain objects, as execnet's are: programs print them, take ``vars()`` of them and set attributes of their own.
"""

from __future__ import annotations

from xnet_channel.core.errors import RemoteProtocolError
from xnet_wire import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Answer:
    """Facts as attributes, the ones that every version knows; ``vars()`` gives them.

    Attributes:
        details: Everything the worker said, also what this version does not know. In a slot, so that it is
            none of the ``vars()``.
    """

    __slots__ = ("__dict__", "__weakref__", "details")

    def __init__(self, details: dict[str, Any], known: dict[str, Any]) -> None:
        self.details = details
        vars(self).update(known)

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in sorted(vars(self).items()))
        return f"<{type(self).__name__} {facts!r}>"


class RemoteStatus(_Answer):
    """Answer to ``gateway.remote_status()``.

    Attributes:
        numchannels: Channels that are open.
        numexecuting: Executions that were accepted and have not ended. execnet counts so: right after
            ``remote_exec`` it is 1, whether the code has begun or not.
        numqueued: How many of them have not begun.
        execmodel: Where they run: ``"thread"`` or ``"main_thread_only"``.
        details: Everything the worker said, also what this version does not know; there ``numexecuting``
            has begun.
    """

    numchannels: int
    numexecuting: int
    numqueued: int
    execmodel: str

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> RemoteStatus:
        """Make it from the worker's answer.

        Raises:
            RemoteProtocolError: The answer is not what GW-020 says (the worker's fault).
        """
        kinds = {"numchannels": int, "numexecuting": int, "numqueued": int, "execmodel": str}
        _check(answer, "STATUS", kinds)
        queued = answer["numqueued"]
        known = {
            "numchannels": answer["numchannels"],
            "numexecuting": answer["numexecuting"] + queued,
            "numqueued": queued,
            "execmodel": answer["execmodel"],
        }
        return cls(answer, known)


class RInfo(_Answer):
    """What interpreter a gateway reaches.

    Attributes:
        executable: Path of the interpreter, or None if it does not know.
        version_info: As ``sys.version_info``, a tuple.
        platform: As ``sys.platform``.
        cwd: Its working directory when asked, or None if that was removed.
        pid: Its process id.
        details: Everything the worker said.
    """

    executable: str | None
    version_info: tuple[Any, ...]
    platform: str
    cwd: str | None
    pid: int

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> RInfo:
        """Make it from the worker's answer.

        Raises:
            RemoteProtocolError: The answer is not what GW-030 says (the worker's fault).
        """
        kinds = {"executable": object, "version_info": tuple, "platform": str, "cwd": object, "pid": int}
        _check(answer, "INFO", kinds)
        return cls(answer, {name: answer[name] for name in kinds})


def _check(answer: object, request: str, kinds: dict[str, type]) -> None:
    """Check that an answer is a map with these keys and kinds of values."""
    if not isinstance(answer, dict):
        problem = f"a map was expected, not {type(answer).__name__}"
    else:
        wrong = [
            name for name, kind in kinds.items() if name not in answer or not isinstance(answer[name], kind)
        ]
        if not wrong:
            return
        problem = f"{', '.join(wrong)} missing or not of the type that the protocol requires"
    raise RemoteProtocolError(
        codes.PAYLOAD_MALFORMED, f"the worker's answer to {request} is wrong: {problem}"
    )
