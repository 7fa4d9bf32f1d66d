"""Which cells of the matrix a run tries: all, or those that differ from the usual one in one respect."""

from __future__ import annotations

import os
import sys
from itertools import product

from attrs import frozen

from bare_helpers import WANTED
from matrix.ways import WAYS, Way
from xnet_gateway.models import EXECMODELS

#: The version that runs the tests.
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
#: Set by ``tools/matrix``: every way with every interpreter and every execution model.
FULL = bool(os.environ.get("XNET_MATRIX"))
#: The worker that has our packages, and the one that has nothing.
USUAL = WAYS[:2]


@frozen
class Cell:
    """One way to one interpreter with one execution model."""

    way: Way
    version: str
    model: str

    def __str__(self) -> str:
        return f"{self.way.name}|{self.version}|{self.model}"


def is_wanted(cell: Cell) -> bool:
    """Return whether a cell is part of this run."""
    if not cell.way.any_python and cell.version != HERE:
        return False
    unusual = (cell.way not in USUAL) + (cell.version != HERE) + (cell.model != EXECMODELS[0])
    return FULL or unusual <= 1


CELLS = [cell for cell in (Cell(*one) for one in product(WAYS, WANTED, EXECMODELS)) if is_wanted(cell)]
