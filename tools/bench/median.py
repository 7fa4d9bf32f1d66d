"""The median. Not from `statistics`: measured processes use it, and what they import is in their figures."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def median(figures: Iterable[float]) -> float:
    """Return the middle figure, or the mean of the two in the middle.

    Raises:
        ValueError: no figure was given; the mistake is the caller's.
    """
    ordered = sorted(figures)
    if not ordered:
        raise ValueError("the median of no figures was asked for; at least one is needed")
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
