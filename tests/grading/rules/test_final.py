"""The final column, against a search through all that could be dropped."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.grading.rules.final import Final, Group, final

HOMEWORK = Group("homework", ("01", "02", "03"), 60, 1)
PROJECT = Group("project", ("04",), 40)


def test_an_example_by_hand():
    """60 % of the mean of 1.0 and 0.5, 40 % of 0.25."""
    found = final([HOMEWORK, PROJECT], {"01": 1.0, "02": 0.0, "03": 0.5, "04": 0.25})
    assert found == Final(55.0, {"homework": 75.0, "project": 25.0}, ("02",))


def test_what_is_not_given_out_yet_counts_for_nothing():
    assert final([HOMEWORK, PROJECT], {"01": 0.5}) == Final(50.0, {"homework": 50.0}, ()), "one stays"
    assert final([HOMEWORK, PROJECT], {"04": 0.5}).percent == 50
    assert final([HOMEWORK], {"09": 1.0}) == Final(None, {}, ())
    assert final([HOMEWORK], {"01": 0.5, "02": 0.5}).dropped == ("01",), "of equal ones the first"


@st.composite
def terms(draw):
    names = [f"{n:02}" for n in range(draw(st.integers(1, 7)))]
    shares = draw(st.dictionaries(st.sampled_from(names), st.floats(0, 1.2)))
    groups, rest = [], names
    while rest:
        size = draw(st.integers(1, len(rest)))
        of, rest = tuple(rest[:size]), rest[size:]
        groups.append(
            Group(f"g{size}{len(rest)}", of, draw(st.floats(0.5, 80)), draw(st.integers(0, size - 1)))
        )
    return groups, shares


@given(terms())
def test_as_a_search_through_all_that_could_be_dropped(term):
    """The best mean of each group, over every choice of as many as may be dropped."""
    groups, shares = term
    found = final(groups, shares)
    total = weight = 0.0
    for group in groups:
        there = [shares[name] for name in group.of if name in shares]
        if there:
            keep = max(1, len(there) - group.drop_lowest)
            best = max(sum(some) / keep for some in combinations(there, keep))
            assert found.groups[group.name] == pytest.approx(100 * best)
            total, weight = total + group.weight * best, weight + group.weight
            assert len([n for n in found.dropped if n in group.of]) == len(there) - keep
    assert found.percent == (pytest.approx(100 * total / weight) if weight else None)
