"""The commands and sessions in our documents: what a reader types into a shell, or into Python.

A block is one of commands if it begins with a program that our documents use, or has lines with ``$``;
one that begins with ``>>>`` is a session.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROGRAMS: Final = (
    *("pip", "pytest", "python", "python3", "node", "openssl"),
    *("xnet", "xnet-conformance", "(umask", "../xnet-bench/bin/pip", "../xnet-bench/bin/python"),
)
_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Behind two blanks and more; one alone may be part of what is quoted.
_COMMENT: Final = re.compile(r"\s{2,}# .*$")


@dataclass(frozen=True)
class Shown:
    """A command, or a whole session.

    Attributes:
        document: Where it is.
        line: Its line there, from 1.
        text: The command on one line without its comment, or the session.
        output: What is shown of its output, if it stands behind ``$``.
    """

    document: Path
    line: int
    text: str
    output: tuple[str, ...] = ()


def commands(document: Path) -> list[Shown]:
    """Return the commands of a document, in order."""
    found = []
    for language, line, text in _blocks(document):
        if language not in ("", "console", "sh"):
            continue
        lines = text.splitlines()
        prompt = "$ " if any(one.startswith("$ ") for one in lines) else ""
        if not prompt and lines[:1] and lines[0].split(" ")[0] not in PROGRAMS:
            continue
        index = 0
        while index < len(lines):
            if not lines[index].startswith(prompt) or not lines[index].strip():
                index += 1
                continue
            first = index
            command = lines[index].removeprefix(prompt)
            while command.endswith("\\"):
                index += 1
                command = command[:-1] + lines[index].strip()
            index += 1
            output: list[str] = []
            while prompt and index < len(lines) and not lines[index].startswith(prompt):
                output.append(lines[index])
                index += 1
            found.append(Shown(document, line + first, _COMMENT.sub("", command).strip(), tuple(output)))
    return found


def sessions(document: Path) -> list[Shown]:
    """Return the sessions of a document, in order."""
    return [
        Shown(document, line, text)
        for language, line, text in _blocks(document)
        if language in ("", "pycon") and text.startswith(">>> ")
    ]


def _blocks(document: Path) -> list[tuple[str, int, str]]:
    text = document.read_text(encoding="utf-8")
    return [
        (block.group(1), text.count("\n", 0, block.start()) + 2, block.group(2))
        for block in _BLOCK.finditer(text)
    ]
