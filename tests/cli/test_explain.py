"""Which assignment `minigrad explain` means."""

from __future__ import annotations

import dataclasses

import pytest

from minigrad.cli.commands.term.explain import the_one
from minigrad.grading.model import GradingError
from tests.grading.squares import squares


def test_a_check_of_several_assignments_is_asked_about() -> None:
    one = squares()
    two = dataclasses.replace(one, name="01-cubes")
    assert the_one([two], "square.value") is two
    with pytest.raises(
        GradingError, match="check of 00-squares, 01-cubes: say which, with --assignment 01-c"
    ):
        the_one([one, two], "square.value")
    with pytest.raises(GradingError, match=r"no check is called 'cube.value'"):
        the_one([], "cube.value")
