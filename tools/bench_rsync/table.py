"""The table of the measurements, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_COLUMNS = ("execnet", "rsync", "rsync parallel")


def format_table(samples: Iterable[dict[str, Any]]) -> str:
    """Return one row for each tree, step and number of targets; ratios are xnet's time divided by others'."""
    rows: dict[tuple[str, str, int, bool], dict[str, dict[str, Any]]] = {}
    for sample in samples:
        key = (sample["tree"], sample["step"], sample["targets"], sample["ssh"])
        rows.setdefault(key, {})[sample["implementation"]] = sample["figures"]
    lines = [
        (
            "| tree | step | targets | xnet | execnet | rsync, one by one | parallel | processors "
            "| to execnet | to one by one | to parallel | sent to each | by rsync | peak: sender, receiver |"
        ),
        "| --- | --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (tree, step, targets, ssh), found in rows.items():
        ours = found.get("xnet")
        where = f"{targets} over ssh" if ssh else f"{targets}"
        cells = [tree, step, where, _seconds(ours)]
        cells += [_seconds(found.get(other)) for other in _COLUMNS]
        cells.append(_processors([found.get(one) for one in ("xnet", *_COLUMNS)]))
        cells += [_ratio(ours, found.get(other)) for other in _COLUMNS]
        cells += [_bytes(ours), _bytes(found.get("rsync delta")), _memory(ours)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _seconds(figures: dict[str, Any] | None) -> str:
    return "-" if figures is None else f"{figures['seconds']:.2f} s"


def _processors(all_figures: list[dict[str, Any] | None]) -> str:
    return ", ".join("-" if one is None else f"{one['cpu_s']:.2f}" for one in all_figures) + " s"


def _ratio(ours: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    return "-" if ours is None or other is None else f"{ours['seconds'] / other['seconds']:.2f}x"


def _bytes(figures: dict[str, Any] | None) -> str:
    return "-" if figures is None or figures["sent"] is None else f"{figures['sent']:,}"


def _memory(figures: dict[str, Any] | None) -> str:
    if figures is None or figures["sender_kb"] is None or figures["receiver_kb"] is None:
        return "-"
    return f"{figures['sender_kb'] / 1024:.0f}, {figures['receiver_kb'] / 1024:.0f} MiB"
