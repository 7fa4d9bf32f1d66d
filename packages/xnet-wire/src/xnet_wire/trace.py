"""Trace: one line for each thing that happens, when EXECNET_DEBUG is set.

The formats are specified, so that a trace can be checked against the bytes on the wire. This
module only formats. Where the process id, the clock, the files and the environment come from is
for the layers above to know; and when nothing is asked for, there is no tracer at all: callers
hold ``None`` and test for it, which costs less than a call.

Spec: 70-trace.md (TR-001 to TR-021).
"""

from __future__ import annotations

from xnet_wire.frames import type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final

    Write = Callable[[str], object]

#: ``1``: a file for each process; ``2``: standard error. Anything else: nothing.
DEBUG_VARIABLE: Final = "EXECNET_DEBUG"
#: Path prefix of machine-readable traces: each process writes ``PREFIX-PID.jsonl``.
JSON_VARIABLE: Final = "XNET_TRACE_JSON"

SENT: Final = "sent"
RECEIVED: Final = "received"
_LIKE_A_MESSAGE: Final = (f"{SENT} <", f"{RECEIVED} <")


class Tracer:
    """Format what happens and hand the lines to the sinks.

    A sink that fails loses its line and nothing else. Spec: TR-003.

    Args:
        pid: Process id of this process.
        write_text: Takes each line of text, with its newline; None for no text.
        write_json: Takes each JSON line, with its newline; None for no JSON.
        now_ns: Monotonic clock in nanoseconds, for the JSON lines.
        text_prefix: Prepended to each line of text.

    Threads: any, if the sinks take a line as a whole (an unbuffered or line-buffered file does).
    """

    __slots__ = ("_now_ns", "_pid", "_prefix", "_write_json", "_write_text")

    def __init__(
        self,
        pid: int,
        write_text: Write | None = None,
        write_json: Write | None = None,
        now_ns: Callable[[], int] | None = None,
        text_prefix: str = "",
    ) -> None:
        self._pid = pid
        self._write_text = write_text
        self._write_json = write_json
        self._now_ns = now_ns
        self._prefix = text_prefix

    def message(self, side: str, direction: str, frame_type: int, channel: int, length: int) -> None:
        """Note a frame.

        Spec: TR-010: the lines of one connection are exactly its frames, in order.

        Args:
            side: Which connection of this process: ``gw0``, or in a worker ``gw0-worker``.
            direction: ``SENT`` or ``RECEIVED``.
            frame_type: Type of the frame.
            channel: Its channel id.
            length: Length of its payload in bytes.
        """
        if self._write_text is not None:
            line = format_message(side, direction, frame_type, channel, length)
            _write(self._write_text, f"{self._prefix}{line}\n")
        if self._write_json is not None:
            time_ns = 0 if self._now_ns is None else self._now_ns()
            _write(
                self._write_json,
                # Only the side is text from outside; the rest needs no escaping.
                f'{{"ns": {time_ns}, "pid": {self._pid}, "side": {quote_json(_one_word(side))}, '
                f'"dir": "{direction}", "type": "{type_name(frame_type)}", '
                f'"channel": {channel}, "length": {length}}}\n',
            )

    def event(self, side: str, text: str) -> None:
        """Note anything else: a connection made, an execution begun, a termination.

        Args:
            side: As for ``message``.
            text: What happened. It may come from the peer: it becomes one line of printable
                characters that does not look like a message. Spec: SE-002.
        """
        if self._write_text is not None:
            line = _one_line(text)
            if line.startswith(_LIKE_A_MESSAGE):
                line = f"| {line}"
            _write(self._write_text, f"{self._prefix}{_one_word(side)} {line}\n")
        if self._write_json is not None:
            time_ns = 0 if self._now_ns is None else self._now_ns()
            _write(
                self._write_json,
                f'{{"ns": {time_ns}, "pid": {self._pid}, "side": {quote_json(_one_word(side))}, '
                f'"event": {quote_json(text)}}}\n',
            )


def format_message(side: str, direction: str, frame_type: int, channel: int, length: int) -> str:
    """Return the text of a message line, without prefix and newline.

    For example ``gw0 sent <Message CHANNEL_EXEC channel=1 lendata=17>``.
    """
    name = type_name(frame_type)
    return f"{_one_word(side)} {direction} <Message {name} channel={channel} lendata={length}>"


def quote_json(text: str) -> str:
    """Return a JSON string, in ASCII. The json package costs more start-up than it saves here."""
    out = []
    for character in text:
        point = ord(character)
        if character in '"\\':
            out.append("\\" + character)
        elif 0x20 <= point < 0x7F:
            out.append(character)
        elif point < 0x10000:
            out.append(f"\\u{point:04x}")
        else:
            point -= 0x10000
            out.append(f"\\u{0xD800 + (point >> 10):04x}\\u{0xDC00 + (point & 0x3FF):04x}")
    return '"' + "".join(out) + '"'


def _write(write: Write, line: str) -> None:
    """Hand a line to a sink; a full disk or a closed file must not end a connection."""
    try:
        write(line)
    except (OSError, ValueError):
        pass


def _one_word(side: str) -> str:
    """Return a name without blanks, as the grammar of lines needs it."""
    return _printable("_".join(side.split())) or "_"


def _one_line(text: str) -> str:
    """Return a text without line breaks, so that one event is one line."""
    return _printable(" | ".join(text.splitlines()))


def _printable(text: str) -> str:
    """Return a text whose other characters are escaped: a terminal must not act on them."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def open_tracer(
    environ: Mapping[str, str],
    pid: int,
    temp_dir: Callable[[], str],
    stderr_write: Write,
    open_file: Callable[[str], Write],
    now_ns: Callable[[], int] | None = None,
) -> Tracer | None:
    """Return the tracer that the environment asks for, or None if it asks for nothing.

    Args:
        environ: The environment of this process.
        pid: Its process id.
        temp_dir: Gives the directory for trace files; called only if one is asked for.
        stderr_write: Writes a line to standard error.
        open_file: Opens a file for appending, line by line, and returns its ``write``.
        now_ns: Monotonic clock in nanoseconds, for the JSON lines.

    Threads: any.
    """
    debug = environ.get(DEBUG_VARIABLE)
    json_prefix = environ.get(JSON_VARIABLE)
    write_text = None
    prefix = ""
    if debug == "1":
        write_text = _open(open_file, f"{temp_dir()}/execnet-debug-{pid}")
    elif debug == "2":
        write_text = stderr_write
        prefix = f"[{pid}] "
    write_json = _open(open_file, f"{json_prefix}-{pid}.jsonl") if json_prefix else None
    if write_text is None and write_json is None:
        return None
    return Tracer(pid, write_text, write_json, now_ns, prefix)


def _open(open_file: Callable[[str], Write], path: str) -> Write | None:
    """Open a trace file, or return None: a read-only disk must not keep a program from running."""
    try:
        return open_file(path)
    except OSError:
        return None
