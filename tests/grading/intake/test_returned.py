"""What feedback is called in an archive that an LMS takes back."""

from __future__ import annotations

import re

import pytest

from minigrad.grading.intake.returned import returned

MOODLE = "Ann Lee_101_assignsubmission_file_/01-rnn.html"
CANVAS = "leeann_LATE_12346_678_01-rnn-1.html"


@pytest.mark.parametrize(
    ("lms", "path", "name"),
    [
        ("moodle", "Ann Lee_101_assignsubmission_file_/01-rnn.ipynb", MOODLE),
        ("moodle", "Ann Lee_101_assignsubmission_file/deep/my work.ipynb", MOODLE),  # Moodle 4.1 and later
        ("moodle", "Ann Lee_101_assignsubmission_file_01-rnn.ipynb", MOODLE),
        ("moodle", "downloads\\Ann_Lee_101_assignsubmission_file_\\all.zip", MOODLE),
        ("canvas", "leeann_LATE_12346_678_01-rnn-1.ipynb", CANVAS),
        ("canvas", "submissions/leeann_LATE_12346_678_01-rnn-1.zip", CANVAS),
        ("canvas", "leeann_12346_678_work", "leeann_12346_678_work.html"),
        ("canvas", "Ann Lee_101_assignsubmission_file_/01-rnn.ipynb", None),
        ("moodle", "leeann_LATE_12346_678_01-rnn-1.ipynb", None),
        ("moodle", "ann/01-rnn.ipynb", None),
        ("canvas", "", None),
    ],
)
def test_the_name_is_the_one_that_the_lms_gave(lms: str, path: str, name: str | None) -> None:
    assert returned(lms, path, "01-rnn") == name


def test_the_lms_finds_the_person_in_it() -> None:
    """As the sources say that they look for them."""
    folder = MOODLE.split("/")[0].split("_", 4)
    assert folder[1:] == ["101", "assignsubmission", "file", ""]
    assert [part for part in CANVAS.split("_") if re.fullmatch(r"\d+", part)][:2] == ["12346", "678"]
