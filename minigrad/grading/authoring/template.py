"""The files of a new assignment: small, but they build, and every check is tested by a mutant."""

from __future__ import annotations

import re
from pathlib import Path

from minigrad.grading.model import GradingError

LONGEST = 64  # letters of a name: files, columns and pages have it in theirs
NOTEBOOK = '''\
# %% [markdown] id="title"
# # {title}
#
# Say what this assignment is about, and show the finished trick first.

# %% kind="define" id="imports"
import numpy as np

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("{name}", globals())

# %% [markdown] id="scale-text"
# ## Scaling
#
# Write `scale(x, factor)`, for `x` of any shape.
#
# - `scale` gives a new array, every entry of `x` times the factor, and leaves `x` as it is.

# %% kind="solution" id="scale"
def scale(x, factor):
    """Every entry of x times factor, as a new array."""
    ### BEGIN SOLUTION
    return np.asarray(x) * factor
    ### END SOLUTION

# %% kind="check" id="scale-check" exercise="scale" points=10
check("scale")
'''

PUBLIC = '''\
"""Checks that students get with the notebook."""

from minigrad.checks import check, given

SAYS = "`scale` gives a new array, every entry of `x` times the factor, and leaves `x` as it is."


@check(exercise="scale", says=SAYS)
def values(student, rng):
    x = rng.normal(size=5)
    return {{"scaled": given(student.scale(x, 3.0), "`scale`")}}
'''

HIDDEN = '''\
"""Hidden checks. Each names a sentence of the notebook and has a public sibling."""

from minigrad.checks import check, given

SAYS = "`scale` gives a new array, every entry of `x` times the factor, and leaves `x` as it is."


@check(exercise="scale", weight=4, says=SAYS)
def original(student, rng):
    x = rng.normal(size=(3, 4))
    scaled = given(student.scale(x, -2.0), "`scale`")
    return {{"x": x, "scaled": scaled}}
'''

MUTANTS = '''\
"""Known mistakes: a substitution in the solution, its hint, and every check that it fails."""

from minigrad.checks import mutant

MUTANTS = [
    mutant(
        "writes into x",
        "return np.asarray(x) * factor",
        "x *= factor; return x",
        hint="`scale` changes the array that it was given.",
        fails=["scale.original"],
    ),
    mutant(
        "adds",
        "return np.asarray(x) * factor",
        "return x + factor",
        hint="The factor is added; it should multiply.",
        fails=["scale.values", "scale.original"],
    ),
]
REWRITES = []
'''

VARIANTS = '''\
"""Right work written otherwise: whole solution cells, which must pass every check."""

from minigrad.checks import Variant

VARIANTS = [
    Variant("np.multiply", {{"scale": "def scale(x, factor):\\n    return np.multiply(x, factor)\\n"}}),
]
'''

FILES = {
    "notebook.py": NOTEBOOK,
    "public_checks.py": PUBLIC,
    "checks.py": HIDDEN,
    "mutants.py": MUTANTS,
    "variants.py": VARIANTS,
}


def checked_name(name: str) -> str:
    """The name as it is; GradingError when it is not of the form NN-name, or longer than 64 letters."""
    if not re.fullmatch(r"[0-9]{2}-[a-z0-9]+(-[a-z0-9]+)*", name):
        raise GradingError(f"{name!r} is no name for an assignment: use two digits and a word, as in 01-rnn")
    if len(name) > LONGEST:
        raise GradingError(f"{name[:LONGEST]}… is too long a name: use up to {LONGEST} letters")
    return name


def write(folder: Path) -> tuple[Path, ...]:
    """Write a small working assignment into `folder`, named NN-name; the files written.

    Raises GradingError when the name is not of that form or the folder exists.
    """
    name = checked_name(folder.name)
    if folder.exists():
        raise GradingError(f"{folder} exists already: choose another name")
    folder.mkdir(parents=True)
    title = name[3:].replace("-", " ").capitalize()
    for file, text in FILES.items():
        (folder / file).write_text(text.format(name=name, title=title), encoding="utf-8")
    return tuple(folder / file for file in FILES)
