"""The Dockerfile, as a reader of it would check it: no engine is needed."""

from __future__ import annotations

import fnmatch
import json
import re

from minigrad.grading.store.layout import Course
from tests.containers.image import REPOSITORY

MINE = REPOSITORY / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """(word, rest) of each, with lines that go on joined."""
    lines = [line for line in MINE.read_text().splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def of(word: str) -> list[str]:
    """What stands behind each instruction of that word, in order."""
    return [rest for w, rest in instructions() if w == word]


def test_what_it_stands_on_is_an_argument_with_a_version() -> None:
    (first, default), (second, base) = instructions()[:2]
    assert (first, second, base) == ("ARG", "FROM", "${FROM}")
    assert re.fullmatch(r"FROM=[\w.-]+:[\w.-]*\d[\w.-]*", default), "a tag with a version, not latest"
    makefile = (REPOSITORY / "Makefile").read_text()
    assert f"FROM ?= {default.removeprefix('FROM=')}\n" in makefile, "two defaults are one"


def test_only_instructions_that_every_engine_knows() -> None:
    words = {word for word, _ in instructions()}
    assert words <= {"ARG", "FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD"}
    assert not [rest for _, rest in instructions() if rest.startswith("--")], "no options of BuildKit alone"


def test_it_runs_as_an_ordinary_user_who_needs_no_entry() -> None:
    *_, last = of("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last), "a number: the base may have that name or not"
    after = [word for word, _ in instructions()][[w for w, _ in instructions()].index("USER") :]
    assert "RUN" not in after
    assert "COPY" not in after


def test_commands_are_lists_that_get_signals() -> None:
    assert json.loads(of("ENTRYPOINT")[0]) == ["minigrad"]
    assert isinstance(json.loads(of("CMD")[0]), list)


def test_pip_keeps_nothing_and_installs_what_was_tested() -> None:
    (installs,) = (rest for rest in of("RUN") if "pip install" in rest)
    assert {"--no-cache-dir", "-c"} <= set(installs.split())
    assert all("||" not in rest and ";" not in rest for rest in of("RUN")), "a step that fails ends the build"


def test_nothing_but_what_is_copied_goes_to_the_engine() -> None:
    ignore = [
        line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if not line.startswith("#")
    ]
    assert ignore[0] == "*"
    kept = {line.removeprefix("!") for line in ignore[1:]}
    copied = {source for rest in of("COPY") for source in rest.split()[:-1]}
    assert kept == copied
    private = ("gradebook.db", "roster.csv", ".minigrad/salts/01-rnn", "submitted/s17/01-rnn/01-rnn.ipynb")
    assert not [p for p in private if any(fnmatch.fnmatch(p, pattern) for pattern in kept)]


def test_the_whole_course_is_in_it() -> None:
    (told,) = (rest for rest in of("ARG") if rest.startswith("ASSIGNMENTS="))
    assert told.partition("=")[2].strip('"').split() == list(Course.at(REPOSITORY).names())
