"""What a worker tells about itself.

Plain objects, as execnet's are: programs print them, take ``vars()`` of them and set attributes of their own.
"""

from __future__ import annotations

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
        """Make it from the worker's answer."""
        queued = answer.get("numqueued", 0)
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
        """Make it from the worker's answer."""
        names = ("executable", "version_info", "platform", "cwd", "pid")
        return cls(answer, {name: answer[name] for name in names})
