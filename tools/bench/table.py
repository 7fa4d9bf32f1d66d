"""The rows as text for a terminal and as Markdown for `docs/performance.md`."""

from __future__ import annotations

from collections.abc import Sequence

from bench.measures import IMPLEMENTATIONS, OURS, PEERS
from bench.results import Comparison, Row

NOTHING = "-"
_TITLES = {"xnet": "xnet", "execnet": "execnet", "multiprocessing": "mp.Pipe"}


def format_figure(figure: float | None) -> str:
    """Return a figure with about three digits that mean something."""
    if figure is None:
        return NOTHING
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    if abs(figure) >= 10:
        return f"{figure:.1f}"
    return f"{figure:.2f}"


def format_comparison(comparison: Comparison | None) -> str:
    """Return a ratio with its aim and the verdict, as `0.31x (<= 0.4: met)`."""
    if comparison is None:
        return NOTHING
    ratio = f"{comparison.ratio:.2f}x"
    return ratio if comparison.aim is None else f"{ratio} ({_verdict(comparison)})"


def format_absolute(comparison: Comparison | None) -> str:
    """Return the verdict on our figure itself, or nothing if no aim is set for it."""
    return "" if comparison is None else f" ({_verdict(comparison)})"


def _verdict(comparison: Comparison) -> str:
    return f"{comparison.aim}: {'met' if comparison.is_met else 'MISSED'}"


def header() -> list[str]:
    """Return the titles of the columns."""
    return [
        "case",
        "unit",
        *(_TITLES[name] for name in IMPLEMENTATIONS),
        *(f"against {_TITLES[peer]} (aim)" for peer in PEERS),
    ]


def cells(row: Row) -> list[str]:
    """Return the columns of one row."""
    figures = {name: format_figure(row.medians.get(name)) for name in IMPLEMENTATIONS}
    figures[OURS] += format_absolute(row.absolute)
    return [
        row.measure.title,
        row.measure.unit,
        *figures.values(),
        *(format_comparison(row.against.get(peer)) for peer in PEERS),
    ]


def format_text(rows: Sequence[Row]) -> str:
    """Return the table with columns as wide as they need to be; figures on the right."""
    lines = [header(), *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rule = ["-" * width for width in widths]
    return "\n".join(_aligned(line, widths) for line in [lines[0], rule, *lines[1:]])


def _aligned(line: list[str], widths: list[int]) -> str:
    figures = range(2, 2 + len(IMPLEMENTATIONS))  # the other columns are words
    padded = [
        text.rjust(width) if column in figures else text.ljust(width)
        for column, (text, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def format_markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown."""
    rule = ["---", "---", *(["---:"] * len(IMPLEMENTATIONS)), *(["---"] * len(PEERS))]
    lines = [header(), rule, *(cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def format_summary(rows: Sequence[Row]) -> str:
    """Return how many aims are met, and the rows that miss one."""
    verdicts = [met for row in rows for met in row.verdicts]
    if not verdicts:
        return "no aim could be judged: figures of xnet, or figures to compare them with, are missing"
    missed = [row.measure.title for row in rows if not all(row.verdicts)]
    text = f"{sum(verdicts)} of {len(verdicts)} aims met"
    return f"{text}; missed: {'; '.join(missed)}" if missed else text
