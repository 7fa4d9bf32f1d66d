"""One self-contained page about several testees: layers, then every case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xnet_conformance.case import LAYERS
from xnet_conformance.reports.templating import colour_of, colour_of_all, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xnet_conformance.case import Case
    from xnet_conformance.matrix import Column


def write_matrix_page(columns: Sequence[Column], cases: Sequence[Case]) -> str:
    """Return the text of the page."""
    by_layer = [(layer, [_row(columns, case) for case in cases if case.layer == layer]) for layer in LAYERS]
    return render(
        "matrix.html",
        layers=LAYERS,
        testees=[_testee(one) for one in columns],
        by_layer=[(layer, rows) for layer, rows in by_layer if rows],
    )


def _testee(one: Column) -> dict[str, Any]:
    cells = []
    for layer in LAYERS:
        outcomes = set(one.outcomes.get(layer, {}).values())
        text = one.cell(layer)
        colour = "none" if text == "not evaluated" else colour_of_all(outcomes)
        cells.append({"text": text, "colour": colour, "title": ", ".join(sorted(outcomes))})
    seconds = one.problem or f"{one.role}, {one.seconds:.0f} s"
    return {"name": one.name, "profile": one.profile, "seconds": seconds, "cells": cells}


def _row(columns: Sequence[Column], case: Case) -> dict[str, Any]:
    found = [one.found(case.id) for one in columns]
    known = {outcome for outcome in found if outcome}
    return {
        "id": case.id,
        "title": case.title,
        "req": " ".join(case.req),
        "cells": [(outcome or "", colour_of(outcome or "")) for outcome in found],
        "green": int(bool(known) and {colour_of(outcome) for outcome in known} <= {"good", "none"}),
        "words": f"{case.id} {' '.join(case.req)} {case.title} {' '.join(sorted(known))}".lower(),
    }
