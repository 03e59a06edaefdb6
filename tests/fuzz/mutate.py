"""How hostile bytes differ from honest ones: seeded mutations of frames and of notebooks."""

from __future__ import annotations

import copy
import json
import random
import struct
from typing import Any

import numpy as np

from minigrad.sandbox import protocol
from tests.attacks.catalogue import Work
from tests.attacks.work import notebook

INTEGERS = (0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, protocol.MAX_NODES + 1, protocol.MAX_TEXT + 1)
VALUES: tuple[Any, ...] = (
    {"arrays": {"y": np.arange(6.0).reshape(2, 3), "n": np.arange(3), "b": np.array([True, False])}},
    {"failure": {"kind": "exception", "type": "ValueError", "line": 3, "cell": "square"}},
    {"ok": True, "output": "printed\n", "error": None},
    ["cell", "square", "def square(x):\n    return x * x"],
    [None, True, -(2**63), 1.5, "ä", [], {}, np.zeros((0, 3)), np.float32([1.0, np.nan])],
)
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, "", "x" * 300, "\u0000", "\ud800", [], {}, [[]], {"": None}, [1, "a"],
    "square", "why", "code", "markdown", 10**30,
)  # fmt: skip
KEYS = ("cells", "source", "metadata", "nbgrader", "grade_id", "id", "cell_type", "points", "nbformat")
TOKENS = (*rb'{ } [ ] " , : \ \u NaN 1e999 -'.split(), b"\x00", b"\xff", b"\xef\xbb\xbf")


def frame(rng: random.Random) -> bytes:
    """A frame's value with one to three mutations."""
    data = bytearray(FRAMES[rng.randrange(len(FRAMES))])
    for _ in range(rng.randrange(1, 4)):
        data = mutated(data, rng)
    return bytes(data)


def mutated(data: bytearray, rng: random.Random) -> bytearray:
    """One of the ways in which a hostile frame differs from an honest one."""
    kind = rng.randrange(7)
    if kind == 0 and data:
        data[rng.randrange(len(data))] = rng.randrange(256)
    elif kind == 1 and data:
        del data[rng.randrange(len(data)) :]
    elif kind == 2:
        data += rng.randbytes(rng.randrange(9))
    elif kind == 3 and len(data) > 5:
        at = rng.randrange(len(data) - 4)
        data[at : at + 4] = struct.pack("<I", rng.choice(INTEGERS))
    elif kind == 4:
        data[:0] = struct.pack("<BI", rng.choice([protocol.LIST, protocol.DICT]), 1) * rng.randrange(1, 50)
    elif kind == 5 and data:
        at, other = rng.randrange(len(data)), FRAMES[rng.randrange(len(FRAMES))]
        data[at:at] = other[rng.randrange(len(other)) :]
    else:
        data[:] = rng.randbytes(rng.randrange(40))
    return data


def book(rng: random.Random) -> bytes:
    """A notebook with mutations of its structure, of its text, or of both."""
    made = copy.deepcopy(BOOK)
    for _ in range(rng.randrange(4)):
        structure(made, rng)
    written = json.dumps(made, allow_nan=True, ensure_ascii=rng.random() < 0.5)
    data = bytearray(written.encode("utf-8", "replace"))
    for _ in range(rng.randrange(4)):
        text(data, rng)
    return bytes(data)


def structure(made: Any, rng: random.Random) -> None:
    """Change one place of a JSON value."""
    places = [p for p in containers(made) if p]
    where = rng.choice(places)
    key = rng.choice(list(where)) if isinstance(where, dict) else rng.randrange(len(where))
    kind = rng.randrange(6)
    if kind == 0:
        del where[key]
    elif kind == 1:
        where[key] = rng.choice(ODD)
    elif kind == 2 and isinstance(where, dict):
        where[rng.choice(KEYS)] = rng.choice(ODD)
    elif kind == 3 and isinstance(where, list):
        where.insert(rng.randrange(len(where) + 1), copy.deepcopy(where[key]))
    elif kind == 4 and isinstance(where, list):
        rng.shuffle(where)
    else:
        deep: Any = rng.choice(ODD)
        for _ in range(rng.choice([1, 5, 60])):
            deep = [deep] if rng.random() < 0.5 else {"x": deep}
        where[key] = deep


def containers(value: Any) -> list[Any]:
    """Every list and dict inside a value."""
    found: list[Any] = []
    if isinstance(value, dict | list):
        found.append(value)
        for v in value.values() if isinstance(value, dict) else value:
            found += containers(v)
    return found


def text(data: bytearray, rng: random.Random) -> None:
    """Change some bytes of a file."""
    at = rng.randrange(len(data) + 1)
    kind = rng.randrange(5)
    if kind == 0:
        data[at:at] = rng.choice(TOKENS) * rng.choice([1, 1, 1, 200, 200_000])
    elif kind == 1:
        del data[at : at + rng.choice([1, 1, 9, 10_000])]
    elif kind == 2 and at < len(data):
        data[at] = rng.randrange(256)
    elif kind == 3:
        data[at:at] = data[: rng.randrange(len(data) + 1)]
    else:
        del data[at:]


FRAMES = tuple(protocol.dumps(value) for value in VALUES)
BOOK = json.loads(notebook(Work("", "N", first="import math", last="print(1)")))
