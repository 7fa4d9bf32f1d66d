"""What a worker tells about itself."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen
class RemoteStatus:
    """Answer to ``gateway.remote_status()``.

    Attributes:
        numchannels: Channels that are open.
        numexecuting: Executions that run.
        numqueued: Executions that were accepted and have not begun.
        execmodel: Where they run: ``"thread"`` or ``"main_thread_only"``.
        details: Everything the worker said, also what this version does not know.
    """

    numchannels: int
    numexecuting: int
    numqueued: int
    execmodel: str
    details: dict[str, Any] = attrs.field(factory=dict, repr=False, eq=False)

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> RemoteStatus:
        """Make it from the worker's answer."""
        return cls(
            answer["numchannels"],
            answer["numexecuting"],
            answer.get("numqueued", 0),
            answer["execmodel"],
            answer,
        )


@attrs.frozen
class RInfo:
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
    details: dict[str, Any] = attrs.field(factory=dict, repr=False, eq=False)

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> RInfo:
        """Make it from the worker's answer."""
        return cls(
            answer["executable"],
            answer["version_info"],
            answer["platform"],
            answer["cwd"],
            answer["pid"],
            answer,
        )
