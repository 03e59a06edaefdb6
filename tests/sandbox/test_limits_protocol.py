"""Limits of the codec: what is just small enough is taken on both sides, one more is refused on both."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from minigrad.sandbox import protocol
from minigrad.sandbox.protocol import ProtocolError, carries, dumps, loads
from tests.sandbox.test_protocol import array_header, nested, same


def refused(call, value, words):
    with pytest.raises(ProtocolError, match=words):
        call(value)


def sized(tag: int, count: int) -> bytes:
    return struct.pack("<BI", tag, count)


def text(letters: int) -> bytes:
    return sized(protocol.TEXT, letters) + b"x" * letters


def test_the_limits_are_those_that_the_documents_state():
    assert (protocol.MAX_FRAME, protocol.MAX_TEXT) == (16 * 1024 * 1024, 1024 * 1024)
    assert (protocol.MAX_NODES, protocol.MAX_DEPTH, protocol.MAX_NDIM) == (4096, 8, 8)


def test_the_bytes_of_each_kind_are_the_formats():
    """Another version of either side would read them."""
    value = [None, False, True, -2, 0.5, "é", {"k": []}, np.array([[1, 2]], "<i4")]
    assert dumps(value).hex(" ") == (
        "06 08 00 00 00 00 01 02 03 fe ff ff ff ff ff ff ff 04 00 00 00 00 00 00 e0 3f "
        "05 02 00 00 00 c3 a9 07 01 00 00 00 05 01 00 00 00 6b 06 00 00 00 00 "
        "08 03 02 01 00 00 00 02 00 00 00 01 00 00 00 02 00 00 00"
    )
    assert same(loads(dumps(value)), value)
    assert protocol.frame(7, None).hex(" ") == "6d 67 72 31 07 00 00 00 01 00 00 00 00"


@pytest.mark.parametrize("dtype", protocol.DTYPES)
def test_each_dtype_has_its_number(dtype):
    assert dumps(np.zeros((), dtype)) == bytes([8, protocol.DTYPES.index(dtype), 0]) + bytes(dtype.itemsize)


def test_a_frame_of_exactly_the_cap_is_taken_and_one_byte_more_is_refused():
    def header(length):
        return struct.pack("<4sII", b"mgr1", 5, length)

    assert protocol.parse_header(header(protocol.MAX_FRAME)) == (5, protocol.MAX_FRAME)
    refused(protocol.parse_header, header(protocol.MAX_FRAME + 1), "over the limit of 16777216")


def test_a_value_of_exactly_the_cap_is_taken_and_one_byte_more_is_refused():
    fits = np.zeros(protocol.MAX_FRAME - 13, bool)  # its head takes 7 bytes, the list's 5, None 1
    assert len(dumps([fits, None])) == protocol.MAX_FRAME
    refused(dumps, [fits, None, None], "the value is over the limit")


def test_an_array_of_exactly_the_cap_has_no_room_for_its_head_and_of_one_byte_more_is_refused_itself():
    refused(dumps, np.zeros(protocol.MAX_FRAME, bool), "the value is over the limit")
    refused(dumps, np.zeros(protocol.MAX_FRAME + 1, bool), "an array of shape .* is over the limit")


def test_an_array_of_exactly_the_cap_is_decoded_and_one_entry_more_is_refused():
    whole = loads(array_header(0, protocol.MAX_FRAME // 8) + bytes(protocol.MAX_FRAME))
    assert whole.shape == (protocol.MAX_FRAME // 8,)
    refused(loads, array_header(0, protocol.MAX_FRAME // 8 + 1), "an array of shape .* is over the limit")


def test_an_empty_axis_counts_as_one():
    """So a shape like (0, 2**62), which NumPy refuses, is over the limit."""
    assert loads(array_header(4, 0, protocol.MAX_FRAME)).shape == (0, protocol.MAX_FRAME)
    refused(loads, array_header(4, 0, protocol.MAX_FRAME + 1), "an array of shape .* is over the limit")
    assert carries(np.zeros((0, protocol.MAX_FRAME // 16)))
    assert not carries(np.zeros((0, protocol.MAX_FRAME // 16 + 1)))


def test_a_text_of_exactly_the_cap_is_taken_and_one_byte_more_is_refused():
    assert loads(dumps("x" * protocol.MAX_TEXT)) == "x" * protocol.MAX_TEXT
    refused(
        dumps, "x" * (protocol.MAX_TEXT - 1) + "é", "a string of 1048577 bytes is over the limit of 1048576"
    )
    refused(loads, text(protocol.MAX_TEXT + 1), "a string of 1048577 bytes is over the limit of 1048576")


def test_a_value_in_eight_others_is_taken_and_in_nine_refused():
    assert loads(dumps(nested(8))) == nested(8)
    refused(dumps, nested(9), "nested too deep")
    refused(loads, sized(protocol.LIST, 1) * 9 + b"\x00", "nested too deep")
    deep: object = None
    for _ in range(8):
        deep = {"k": deep}
    assert loads(dumps(deep)) == deep
    refused(dumps, {"k": deep}, "nested too deep")
    refused(loads, (sized(protocol.DICT, 1) + text(1)) * 9 + b"\x00", "nested too deep")
    refused(loads, (sized(protocol.DICT, 1)) * 9 + b"\x00", "nested too deep")  # by its keys


def test_a_value_of_4096_parts_is_taken_and_of_one_more_refused():
    most = [None] * (protocol.MAX_NODES - 1)  # the list itself is one
    assert loads(dumps(most)) == most
    refused(dumps, [*most, None], "too many parts")
    refused(loads, sized(protocol.LIST, protocol.MAX_NODES) + bytes(protocol.MAX_NODES), "too many parts")


def test_a_count_of_all_bytes_that_are_left_is_taken_and_of_one_more_refused():
    assert loads(sized(protocol.LIST, 2) + b"\x00\x00") == [None, None]
    refused(loads, sized(protocol.LIST, 3) + b"\x00\x00", "cut short")


@pytest.mark.parametrize("ndim", [0, 8])
def test_arrays_of_no_and_of_eight_dimensions_are_taken(ndim):
    array = np.ones((1,) * ndim)
    assert same(loads(dumps(array)), array)
    assert carries(array)


def test_arrays_of_nine_dimensions_are_refused_everywhere():
    array = np.ones((1,) * 9)
    assert not carries(array)
    refused(dumps, array, "carries no 9-dimensional array of float64")
    refused(loads, array_header(0, *[1] * 9) + bytes(8), "an array's header is wrong")


def test_the_last_dtype_is_taken_and_the_number_after_it_refused():
    assert loads(array_header(4, 1) + b"\x01").tolist() == [True]
    refused(loads, array_header(5, 1) + b"\x01", "an array's header is wrong")


def test_no_entries_make_no_wrong_bool():
    assert loads(array_header(4, 0)).shape == (0,)
    refused(loads, array_header(4, 2) + b"\x00\x02", "a bool is neither 0 nor 1")


@pytest.mark.parametrize("value", [-(2**63), 2**63 - 1])
def test_the_smallest_and_the_largest_int_are_taken_and_those_beside_them_refused(value):
    assert loads(dumps(value)) == value
    refused(dumps, value + (1 if value > 0 else -1), "more than 64 bits")


def test_half_the_cap_is_carried_and_one_entry_more_is_not():
    """A reply may hold two such arrays, less its frame: see `carries`."""
    assert carries(np.zeros(protocol.MAX_FRAME // 16))
    assert not carries(np.zeros(protocol.MAX_FRAME // 16 + 1))
    assert not carries(np.zeros(3, np.float16))
    assert not carries(np.ma.array([1.0]))


def test_a_byte_too_few_and_a_byte_too_many_are_refused():
    for value in (1, 1.0, "ab", [1], {"a": 1}, np.ones(2)):
        data = dumps(value)
        refused(loads, data[:-1], "cut short")
        refused(loads, data + b"\x00", "1 bytes after the value")


@pytest.mark.parametrize("tag", [9, 255])
def test_a_tag_that_is_none_is_refused(tag):
    refused(loads, bytes([tag]), f"unknown tag {tag}")


def test_keys_are_texts_and_come_once():
    pair = text(1) + b"\x00"
    assert loads(sized(protocol.DICT, 1) + pair) == {"x": None}
    refused(loads, sized(protocol.DICT, 2) + pair + pair, "a key is no string, or comes twice")
    refused(loads, sized(protocol.DICT, 1) + b"\x00\x00", "a key is no string, or comes twice")
    refused(dumps, {1: None}, "a key is a int, not a str")


def test_texts_that_are_none_are_refused_in_words():
    refused(dumps, "\ud800", "a lone surrogate")
    refused(loads, sized(protocol.TEXT, 1) + b"\xff", "a string is not UTF-8")


def test_the_sizes_that_the_pages_state():
    assert (protocol.MAX_EVIDENCE, protocol.MAX_REPLY) == (1_048_576, 1_310_720)
