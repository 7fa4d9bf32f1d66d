"""The programs in our documents: every block of Python in a README is a whole program that runs.

What a program prints is said in its comments: each `# prints TEXT`, in order, is one line of its output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PRINTS: Final = re.compile(r"#\s+prints\s+(.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Program:
    """One block of Python in a document, and the line it starts at."""

    document: Path
    line: int
    text: str

    def expected_lines(self) -> list[str]:
        """Return the lines it says it prints."""
        return _PRINTS.findall(self.text)


def programs(document: Path) -> list[Program]:
    """Return the programs of a document, in order."""
    text = document.read_text(encoding="utf-8")
    return [
        Program(document, text.count("\n", 0, block.start()) + 2, block.group(1))
        for block in _BLOCK.finditer(text)
    ]
