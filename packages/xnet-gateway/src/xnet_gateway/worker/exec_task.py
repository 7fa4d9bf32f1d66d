"""One execution: the code of one CHANNEL_EXEC and the channel it talks on.

Spec: GW, "Exec".
"""

from __future__ import annotations

import sys

from xnet_channel.threads.errors import INTERRUPT_TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from xnet_channel.threads.channel import Channel
    from xnet_wire.messages import ExecRequest

#: File name of sources that come from no file.
NO_FILE: Final = "<remote exec>"


class ExecTask:
    """Source to run and where its results go.

    Attributes:
        channel: The channel the code finds as ``channel``.
        request: What to run.
    """

    def __init__(self, channel: Channel, request: ExecRequest) -> None:
        channel._executing = True
        self.channel = channel
        self.request = request

    def run(self) -> str | None:
        """Run the code.

        Returns:
            What to close the channel with: None after a good end, else the error text.
        """
        request = self.request
        file = request.file or NO_FILE
        namespace: dict[str, Any] = {"channel": self.channel, "__name__": "__channelexec__"}
        try:
            exec(compile(request.source + "\n", file, "exec"), namespace)
            if request.call is not None:
                namespace[request.call](self.channel, **request.kwargs)
        except KeyboardInterrupt:
            return INTERRUPT_TEXT
        except EOFError as error:
            # Code that waits for items when the initiator ends is not worth an error.
            return None if self.channel.gateway.ended else self._describe(error, file)
        except BaseException as error:
            return self._describe(error, file)
        return None

    def finish(self, error: str | None) -> None:
        """Close the channel. Must come after the execution slot is free again: the initiator
        may send the next exec as soon as it sees the channel closed."""
        self.channel._executing = False
        self.channel.refuse(error) if error is not None else self.channel.close()

    def _describe(self, error: BaseException, file: str) -> str:
        """Return the traceback from the user's code on, with its source lines."""
        import linecache
        import traceback

        if file not in linecache.cache and not linecache.getlines(file):
            lines = [line + "\n" for line in self.request.source.splitlines()]
            linecache.cache[file] = (len(self.request.source), None, lines, file)
        trace = error.__traceback__
        if trace is not None and trace.tb_next is not None:
            trace = trace.tb_next  # the frame of run()
        try:
            return "".join(traceback.format_exception(type(error), error, trace))
        except Exception:
            # A __str__ or __repr__ of the user's exception failed: still say what it was.
            return f"{type(error).__module__}.{type(error).__qualname__}: (no traceback: {sys.exc_info()[1]!r})"
