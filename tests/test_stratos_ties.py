"""Where runs of equal values begin and end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.stratos.ties import first_of_ties, past_ties


@pytest.mark.parametrize("direction", [1, -1])
@given(rows=st.lists(st.lists(st.integers(0, 4), min_size=7, max_size=7), min_size=1, max_size=3))
def test_each_place_knows_where_its_equals_begin_and_are_past(direction, rows):
    ordered = np.sort(direction * np.array(rows) / 4, axis=1)
    first, past = first_of_ties(ordered), past_ties(ordered)
    for row, begin, end in zip(ordered, first, past, strict=True):
        assert begin.tolist() == [np.flatnonzero(row == value)[0] for value in row]
        assert end.tolist() == [np.flatnonzero(row == value)[-1] + 1 for value in row]


def test_what_is_no_number_is_tied_with_nothing():
    ordered = np.array([[0.5, 0.5, np.nan, np.nan]])
    assert (first_of_ties(ordered).tolist(), past_ties(ordered).tolist()) == ([[0, 0, 2, 3]], [[2, 2, 3, 4]])


def test_rows_without_places_have_no_ties():
    assert first_of_ties(np.empty((2, 0))).shape == past_ties(np.empty((2, 0))).shape == (2, 0)
