"""What is told of an error in a notebook's code: its type and place, and to its author the words too.

In a worker, where nothing of it is believed but its form, and in a student's own notebook.
"""

from __future__ import annotations

import ast
import builtins
import dis
import linecache
import re
import traceback
import types
from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

from minigrad.checks import Missing, Todo

UFUNC = re.compile(r"'Tensor' does not support ufuncs| takes no tensors: use ")  # NumPy's words, and ours
TEXT_LIMIT = 1 << 10  # characters kept of an error's message, and of the line that raised it
_EXCEPTIONS = {v for v in vars(builtins).values() if isinstance(v, type) and issubclass(v, BaseException)}
_PLACE = re.compile(r"`?(\w+)`?(?:'s? (\w+))?")  # "RNNCell's __call__", "AdditiveScores' v", "`matmul`"
_LEFT = re.compile(r"the `(\w+)` that `(\w+)` leaves")  # of a function that returns nothing
_MISMATCH = re.compile(r"matmul: Input operand \d (?:has a mismatch|does not have enough)")  # NumPy's words
_NO_WORK = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "POP_TOP"}  # `...`, `pass`


class BadValue(Exception):
    """A probe returned something that is no array of a plain type."""

    def __init__(self, name: str, type_: str) -> None:
        super().__init__(name)
        self.name, self.type = name, type_


def describe(error: BaseException) -> dict[str, Any]:
    """{"type": a built-in exception's name, "line": in the student's own cell, "cell": its id}.

    A class that is not built in goes by its nearest built-in base. Line and cell are None where no
    cell takes part. Where an attribute, a variable or a module is not there, "name" is its name;
    "ufunc" is True where a function of NumPy's was called on a Tensor.
    """
    name = next((c.__name__ for c in type(error).__mro__ if c in _EXCEPTIONS), "Exception")
    line, cell = _place(error)
    asked = error.name if isinstance(error, AttributeError | NameError | ModuleNotFoundError) else None
    told = {"type": name, "line": line, "cell": cell} | ({"name": asked} if type(asked) is str else {})
    return told | ({"ufunc": True} if name == "TypeError" and UFUNC.search(message_of(error)) else {})


def _place(error: BaseException) -> tuple[int | None, str | None]:
    """Line and id of the cell in which the innermost frame that belongs to a cell stands."""
    if isinstance(error, SyntaxError) and _cell_of(error.filename) is not None:
        return error.lineno, _cell_of(error.filename)
    place: tuple[int | None, str | None] = None, None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if (cell := _cell_of(frame.f_code.co_filename)) is not None:
            place = line, cell
    return place


def _cell_of(filename: str | None) -> str | None:
    return filename[6:-1] if filename and filename.startswith("<cell ") and filename.endswith(">") else None


def failure_of(error: BaseException, names: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Why a probe gave no arrays, on the names that a notebook defines."""
    if isinstance(error, Missing):
        return {"kind": "missing", "name": str(error.name)}
    if isinstance(error, Todo):
        left = _LEFT.fullmatch(error.nothing)
        if written(place := left[2] if left else error.nothing, names):
            name, _, method = _PLACE.sub(r"\1 \2", place).partition(" ")
            told = {"kind": "nothing", "name": name} | ({"method": method} if method else {})
            return {**told, "left": left[1]} if left else told
        named = re.search(r"`(\w+)`", str(error))
        return {"kind": "todo", "name": named.group(1) if named else ""}
    if isinstance(error, BadValue):
        return {"kind": "bad-value", "name": error.name, "type": error.type}
    own = "indices" not in message_of(error) or _raised_in(error, names)  # else the check's `x[...]`
    if own and isinstance(error, AttributeError | TypeError) and "ellipsis" in message_of(error):
        return {"kind": "todo", "name": ""}
    return {"kind": "exception", **describe(error)}


def _raised_in(error: BaseException, names: Mapping[str, Any]) -> bool:
    """Whether the innermost frame of an error is of the code whose globals are `names`."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1].f_globals is names


def written(what: str, names: Mapping[str, Any]) -> bool:
    """Whether a function, such as "RNNCell's __call__", is there and does more than a placeholder."""
    place = _PLACE.fullmatch(what)
    value = names.get(place[1]) if place else None
    code = getattr(getattr(value, place[2], None) if place and place[2] else value, "__code__", None)
    if not isinstance(code, types.CodeType) or ... in code.co_consts:
        return False
    return any(step.opname not in _NO_WORK for step in dis.get_instructions(code))


def message_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return ""


def spoken(error: BaseException, names: Mapping[str, Any]) -> dict[str, Any]:
    """{"error": its class and message, "function", "line", "cell", "source"}: for the code's author.

    The last four are of the innermost frame whose globals are `names`, or of the text that is no
    Python; without such a place they are not there. "cell" is "" in a notebook that runs by itself.
    """
    syntax = isinstance(error, SyntaxError) and _cell_of(error.filename) is not None
    message = str(error.msg) if isinstance(error, SyntaxError) and syntax else message_of(error)
    kind = type(error).__name__
    told: dict[str, Any] = {"error": plain(f"{kind}: {message}" if message else kind)}
    if isinstance(error, SyntaxError) and syntax:
        cell, source = _cell_of(error.filename) or "", (error.text or "").strip()
        return {**told, "function": "", "line": error.lineno, "cell": cell, "source": plain(source)}
    tb = error.__traceback__
    while tb is not None:
        frame, line = tb.tb_frame, tb.tb_lineno
        if frame.f_globals is names:
            code = frame.f_code
            said = (message if tb.tb_next else _with_shapes(message, frame, tb.tb_lasti)) + _of_self(
                error, frame
            )
            told["error"] = plain(f"{kind}: {said}" if said else kind)
            told |= {
                "function": plain(code.co_name),
                "line": line,
                "cell": _cell_of(code.co_filename) or "",
                "source": plain(linecache.getline(code.co_filename, line).strip()),
            }
        tb = tb.tb_next
    return told


def _with_shapes(message: str, frame: types.FrameType, instruction: int) -> str:
    """What NumPy says of a product, behind the shapes of its two sides: it tells a length of each alone.

    As it is where the sides are more than names, attributes and entries: nothing is computed twice.
    """
    try:
        if not _MISMATCH.match(message):
            return message
        left, right = _sides(frame.f_code, instruction)
        a, b = (_value(side, frame).shape for side in (left, right))
        which = f"`{ast.unparse(left)}` on the left, `{ast.unparse(right)}` on the right"
        return f"matmul: shapes {a} and {b} do not fit, {which} ({message})"
    except Exception:  # no text of the code, or an object of the student's own
        return message


def _sides(code: types.CodeType, instruction: int) -> tuple[ast.expr, ast.expr]:
    """The two sides of the product that an instruction computes, `a @ b` or a call with `(a, b)`."""
    first, last, start, end = next(islice(code.co_positions(), instruction // 2, None))
    lines = [linecache.getline(code.co_filename, n).encode() for n in range(first or 0, (last or 0) + 1)]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    product = ast.parse(f"({b''.join(lines).decode()})", mode="eval").body
    if isinstance(product, ast.Call):
        left, right = product.args
        return left, right
    if not isinstance(product, ast.BinOp):
        raise LookupError(ast.unparse(product))
    return product.left, product.right


def _value(side: ast.expr, frame: types.FrameType) -> Any:
    """What names, attributes and entries stand for in a frame. Raises LookupError for anything else."""
    if isinstance(side, ast.Name):
        return {**frame.f_globals, **frame.f_locals}[side.id]
    if isinstance(side, ast.Attribute):
        return getattr(_value(side.value, frame), side.attr)
    if isinstance(side, ast.Constant):
        return side.value
    if isinstance(side, ast.Tuple):
        return tuple(_value(part, frame) for part in side.elts)
    if isinstance(side, ast.Slice):
        return slice(*(part and _value(part, frame) for part in (side.lower, side.upper, side.step)))
    if isinstance(side, ast.UnaryOp) and isinstance(side.op, ast.USub):
        return -_value(side.operand, frame)
    if isinstance(side, ast.Subscript):
        return _value(side.value, frame)[_value(side.slice, frame)]
    raise LookupError(ast.unparse(side))


def _of_self(error: BaseException, frame: types.FrameType) -> str:
    """What is said of a name that is not there, but is an attribute of the frame's `self`; else ""."""
    owner = frame.f_locals.get("self") if isinstance(error, NameError) else None
    try:
        return ": is `self.` missing in front of it?" if error.name in vars(owner) else ""  # type: ignore[attr-defined]
    except Exception:
        return ""


def plain(text: str) -> str:
    """Text that the codec carries."""
    return text[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")
