from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.median import median


@given(st.lists(st.floats(min_value=-1e9, max_value=1e9), min_size=1))
def test_it_is_the_median_of_the_standard_library(figures: list[float]) -> None:
    assert median(figures) == pytest.approx(statistics.median(figures))


def test_no_figures_have_no_median() -> None:
    with pytest.raises(ValueError, match="at least one"):
        median([])
