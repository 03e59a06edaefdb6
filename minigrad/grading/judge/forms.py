"""Pure: a value of another form than a check goes on with, in a student's words."""

from __future__ import annotations

import re
from collections.abc import Collection

from minigrad.checks import KINDS

# "the vjps of `tanh`", "RNNCell's W_x", "AdditiveScores' v"
PLACE = re.compile(r"(?:the (\w+) of )?`?(\w+)`?(?:'s? (\w+))?", re.ASCII)
PARTS = frozenset({"result", "vjp", "vjps", "__call__"})  # words that no check asks for by name
AXES, LONGEST = 8, 10_000  # what is told of a shape
WORDS = {
    "ndarray": "an array",
    "int": "an int",
    "Callable": "a function",
    "object": "a value of another kind",
}


def unlike_form(told: object, names: Collection[str]) -> str:
    """ "`windows`: got an array of shape (3, 4), wanted a tuple of 2 values"; "" where nothing is told.

    `told` is what a worker says that `given` noted; of its words, none gets through but `names`.
    """
    if not isinstance(told, dict):
        return ""
    got, want = form_in_words(told.get("got")), form_in_words(told.get("want"))
    if not (got and want):
        return ""
    what = told.get("what")
    place = PLACE.fullmatch(what) if isinstance(what, str) else None
    words = place.groups("") if place else ("", "", "")
    part, owner, own = (word if word in names or word in PARTS else "" for word in words)
    which = f"`{owner}`'s `{own}`" if owner and own else f"`{owner}`" if owner else "what the check gets"
    which = f"the `{part}` of {which}" if part and owner else which
    remedy = ""
    if want.startswith("a Parameter") and not got.startswith("a Parameter"):
        remedy = f": write `self.{own or '…'} = Parameter(…)`, or no optimiser finds it"
    return f"{which}: got {got}, wanted {want}{remedy}"


def form_in_words(told: object) -> str:
    """ "a Tensor of shape (3, 4)", "a tuple of 2 values", "a float"; "" where it is no form."""
    if not isinstance(told, dict) or told.get("kind") not in KINDS:
        return ""
    kind, shape = told["kind"], told.get("shape")
    what = WORDS.get(kind, f"a {kind}")
    if shape is None or kind in ("bool", "int", "float"):
        return what
    if not (isinstance(shape, list) and len(shape) <= AXES and all(fits(n) for n in shape)):
        return ""
    if kind in ("tuple", "list"):
        return f"{what} of {shape[0]} value{'' if shape[0] == 1 else 's'}" if shape else what
    lengths = ", ".join("any" if n is None else str(n) for n in shape)
    return f"{what} of shape ({lengths}{',' if len(shape) == 1 else ''})"


def fits(length: object) -> bool:
    """Whether this may be told as the length of an axis; None is any."""
    return length is None or (type(length) is int and 0 <= length <= LONGEST)
