"""The codec: equal after a round trip or refused; no bytes make it raise anything but ProtocolError."""

from __future__ import annotations

import random
import struct

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.sandbox import protocol
from minigrad.sandbox.protocol import ProtocolError, dumps, loads

arrays = hnp.arrays(
    st.sampled_from(protocol.DTYPES), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars | arrays,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def same(a, b):
    """Equal in type and in every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b)
    return a == b


@given(values)
def test_round_trip(value):
    assert same(loads(dumps(value)), value)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data):
    try:
        value = loads(data)
    except ProtocolError:
        return
    assert same(loads(dumps(value)), value)


INTEGERS = [0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, protocol.MAX_NODES + 1, protocol.MAX_TEXT + 1]


def mutate(data: bytearray, rng: random.Random) -> bytearray:
    """One of the ways in which a hostile frame differs from an honest one."""
    kind = rng.randrange(6)
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
    else:
        data[:] = rng.randbytes(rng.randrange(40))
    return data


@settings(max_examples=100)
@given(values, st.integers(0, 2**32))
def test_mutated_frames_decode_or_are_refused(value, seed):
    rng = random.Random(seed)
    honest = dumps(value)
    for _ in range(20):
        data = bytearray(honest)
        for _ in range(rng.randrange(1, 4)):
            data = mutate(data, rng)
        try:
            loads(bytes(data))
        except ProtocolError:
            continue


def array_header(code: int, *shape: int) -> bytes:
    return struct.pack(f"<BBB{len(shape)}I", protocol.ARRAY, code, len(shape), *shape)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x09",
        b"\x00\x00",
        struct.pack("<BI", protocol.LIST, 0xFFFFFFFF),
        struct.pack("<BI", protocol.TEXT, 0xFFFFFFFF),
        struct.pack("<BI", protocol.LIST, 1) * 100_000,
        struct.pack("<BI", protocol.LIST, 5000) + b"\x00" * 5000,
        struct.pack("<BI", protocol.TEXT, 2) + b"\xff\xff",
        struct.pack("<BI", protocol.TEXT, 3) + b"\xed\xa0\x80",  # a surrogate
        struct.pack("<BI", protocol.DICT, 1) + b"\x00\x00",
        struct.pack("<BI", protocol.DICT, 2) + 2 * (struct.pack("<BI", protocol.TEXT, 1) + b"a\x00"),
        array_header(9, 1),
        array_header(0, *[65535] * 4),
        array_header(0, 0, *[0xFFFFFFFF] * 5),
        array_header(0, 0, 0xFFFFFFFF),
        array_header(0, *[1] * 9),
        array_header(4, 1) + b"\x02",
        array_header(0, 2) + b"\x00" * 15,
    ],
)
def test_hostile_bytes_are_refused(data):
    with pytest.raises(ProtocolError):
        loads(data)


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


class Text(str):
    """A subclass, whose methods could lie."""


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        {1: 2},
        2**63,
        1j,
        b"bytes",
        {1, 2},
        ...,
        np.float64(1.0),
        np.array([1j]),
        np.array([object()]),
        np.array([1, 2], ">f8"),
        np.zeros(3, np.float16),
        np.ma.array([1.0]),
        np.zeros(3 << 20),
        np.zeros((1,) * 9),
        "\ud800",
        Text("a"),
        "x" * (protocol.MAX_TEXT + 1),
        ["x" * protocol.MAX_TEXT] * 17,
        nested(9),
        [0] * protocol.MAX_NODES,
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_the_codec_does_not_carry_is_refused_not_altered(value):
    with pytest.raises(ProtocolError):
        dumps(value)


def test_a_cyclic_list_is_refused():
    value: list = []
    value.append(value)
    with pytest.raises(ProtocolError):
        dumps(value)


def test_decoded_arrays_are_the_judges_own():
    array = loads(dumps(np.arange(6.0).reshape(2, 3).T))
    array[0, 0] = 7
    assert array.flags.c_contiguous
    assert array.flags.owndata


def test_frames():
    data = protocol.frame(7, [1])
    assert protocol.parse_header(data[: protocol.HEADER_SIZE]) == (7, len(data) - protocol.HEADER_SIZE)
    with pytest.raises(ProtocolError):
        protocol.parse_header(b"PASSED 100/1"[: protocol.HEADER_SIZE])
    with pytest.raises(ProtocolError):
        protocol.parse_header(struct.pack("<4sII", b"mgr1", 0, 0xFFFFFFFF))
