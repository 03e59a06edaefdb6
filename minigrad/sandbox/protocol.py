"""The codec between judge and worker: it turns a few kinds of plain values into bytes and back.

The kinds: None, bool, int (64 bit), float, str, list, dict with str keys, and ndarray of float64,
float32, int64, int32 or bool. A value of any other type, subclasses included, is refused, and no value
is altered: `loads(dumps(value))` equals `value`, or `dumps` raises. Every length is compared with its
limit before memory is allocated for it, since the bytes may come from a hostile worker.

A value is one tag byte and its content, little-endian; lengths are unsigned 32 bit. A frame is a
header (magic number, sequence number, length) and one value.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

MAX_FRAME = 16 << 20  # bytes of one value; also of one array
MAX_EVIDENCE = 1 << 20  # bytes of all arrays of one probe; the judge keeps them until all checks have run
MAX_REPLY = MAX_EVIDENCE + (1 << 18)  # bytes of a worker's reply
MAX_TEXT = 1 << 20  # UTF-8 bytes of one string
MAX_NODES = 4096  # a value counts as one node, and so does each value inside it
MAX_DEPTH = 8
MAX_NDIM = 8

DTYPES = tuple(np.dtype(d) for d in ("<f8", "<f4", "<i8", "<i4", "|b1"))

NONE, FALSE, TRUE, INT, FLOAT, TEXT, LIST, DICT, ARRAY = range(9)

_HEADER = struct.Struct("<4sII")
_MAGIC = b"mgr1"
_INT = struct.Struct("<Bq")
_FLOAT = struct.Struct("<Bd")
_SIZED = struct.Struct("<BI")
_U32 = struct.Struct("<I")

HEADER_SIZE = _HEADER.size


class ProtocolError(Exception):
    """A value of a kind that the codec does not take, or bytes that are not a value's."""


def frame(sequence: int, value: Any) -> bytes:
    """The bytes that send `value` as message number `sequence`."""
    body = dumps(value)
    return _HEADER.pack(_MAGIC, sequence, len(body)) + body


def parse_header(header: bytes, most: int = MAX_FRAME) -> tuple[int, int]:
    """(sequence number, length of the value in bytes) from the `HEADER_SIZE` bytes of a frame's header.

    Raises ProtocolError where they do not begin with the magic number, or the length is over `most`.
    """
    magic, sequence, length = _HEADER.unpack(header)
    if magic != _MAGIC:
        raise ProtocolError("a frame does not begin with the magic number")
    if length > most:
        raise ProtocolError(f"a frame of {length} bytes is over the limit of {most}")
    return sequence, length


def dumps(value: Any) -> bytes:
    """`value` as bytes. Raises ProtocolError where it is of another kind, or too large."""
    out: list[bytes] = []
    _encode(value, out, 0, [MAX_NODES, MAX_FRAME])
    return b"".join(out)


def loads(data: bytes) -> Any:
    """The value that `data` encodes. Raises ProtocolError where `data` is not exactly the bytes of one value.

    Arrays own their memory, are C-contiguous, writable, and of type np.ndarray itself.
    """
    reader = _Reader(data)
    value = _decode(reader, 0)
    if reader.left:
        raise ProtocolError(f"{reader.left} bytes after the value")
    return value


def carries(array: np.ndarray) -> bool:
    """Whether the codec takes an array: by its type, its dtype, and its size, at most half of `MAX_FRAME`."""
    return (
        type(array) is np.ndarray
        and array.dtype in DTYPES
        and array.ndim <= MAX_NDIM
        and _footprint(array.dtype.itemsize, array.shape) <= MAX_FRAME // 2
    )


def _footprint(itemsize: int, shape: tuple[int, ...]) -> int:
    """Bytes of an array, where axes of length 0 count as 1: NumPy refuses a shape like (0, 2**62)."""
    return itemsize * math.prod(max(n, 1) for n in shape)


def _encode(value: Any, out: list[bytes], depth: int, budget: list[int]) -> None:
    """Append `value` to `out`; `budget` is what may still be used: [nodes, bytes]."""
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise ProtocolError("the value is nested too deep or has too many parts")
    kind = type(value)
    if value is None:
        piece = b"\x00"
    elif kind is bool:
        piece = b"\x02" if value else b"\x01"
    elif kind is int:
        if not -(1 << 63) <= value < 1 << 63:
            raise ProtocolError("an int needs more than 64 bits")
        piece = _INT.pack(INT, value)
    elif kind is float:
        piece = _FLOAT.pack(FLOAT, value)
    elif kind is str:
        piece = _text(value)
    elif kind is list or kind is dict:
        piece = _SIZED.pack(LIST if kind is list else DICT, len(value))
    elif kind is np.ndarray:
        piece = _array(value)
    else:
        raise ProtocolError(f"the codec carries no {kind.__name__}")
    budget[1] -= len(piece)
    if budget[1] < 0:
        raise ProtocolError(f"the value is over the limit of {MAX_FRAME} bytes")
    out.append(piece)
    if kind is list or kind is dict:
        for part in value if kind is list else _keys_and_items(value):
            _encode(part, out, depth + 1, budget)


def _keys_and_items(value: dict[Any, Any]) -> Iterator[Any]:
    """Each key of a dict, which must be a str, followed by its item."""
    for key, item in value.items():
        if type(key) is not str:
            raise ProtocolError(f"a key is a {type(key).__name__}, not a str")
        yield key
        yield item


def _text(value: str) -> bytes:
    try:
        data = value.encode("utf-8")
    except UnicodeEncodeError:
        raise ProtocolError("a string holds a lone surrogate") from None
    if len(data) > MAX_TEXT:
        raise ProtocolError(f"a string of {len(data)} bytes is over the limit of {MAX_TEXT}")
    return _SIZED.pack(TEXT, len(data)) + data


def _array(value: np.ndarray) -> bytes:
    if value.dtype not in DTYPES or value.ndim > MAX_NDIM:
        raise ProtocolError(f"the codec carries no {value.ndim}-dimensional array of {value.dtype}")
    if _footprint(value.dtype.itemsize, value.shape) > MAX_FRAME:
        raise ProtocolError(f"an array of shape {value.shape} is over the limit of {MAX_FRAME} bytes")
    head = struct.pack(f"<BBB{value.ndim}I", ARRAY, DTYPES.index(value.dtype), value.ndim, *value.shape)
    return head + value.tobytes()


class _Reader:
    """Bytes that are taken from the front; `left` of them remain, and `nodes` values may still be read."""

    __slots__ = ("data", "left", "nodes")

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        self.left = len(data)
        self.nodes = MAX_NODES

    def take(self, count: int) -> memoryview:
        if count > self.left:
            raise ProtocolError("the value is cut short")
        start = len(self.data) - self.left
        self.left -= count
        return self.data[start : start + count]

    def u32(self) -> int:
        return int(_U32.unpack(self.take(4))[0])


def _decode(reader: _Reader, depth: int) -> Any:
    reader.nodes -= 1
    if depth > MAX_DEPTH or reader.nodes < 0:
        raise ProtocolError("the value is nested too deep or has too many parts")
    tag = reader.take(1)[0]
    if tag == NONE:
        return None
    if tag in (FALSE, TRUE):
        return tag == TRUE
    if tag == INT:
        return struct.unpack("<q", reader.take(8))[0]
    if tag == FLOAT:
        return struct.unpack("<d", reader.take(8))[0]
    if tag == TEXT:
        return _decode_text(reader)
    if tag == LIST:
        return [_decode(reader, depth + 1) for _ in range(_count(reader))]
    if tag == DICT:
        return _decode_dict(reader, depth)
    if tag == ARRAY:
        return _decode_array(reader)
    raise ProtocolError(f"unknown tag {tag}")


def _count(reader: _Reader) -> int:
    count = reader.u32()
    if count > reader.left:  # every part takes at least a byte
        raise ProtocolError("the value is cut short")
    return count


def _decode_text(reader: _Reader) -> str:
    length = reader.u32()
    if length > MAX_TEXT:
        raise ProtocolError(f"a string of {length} bytes is over the limit of {MAX_TEXT}")
    try:
        return str(reader.take(length), "utf-8")
    except UnicodeDecodeError:
        raise ProtocolError("a string is not UTF-8") from None


def _decode_dict(reader: _Reader, depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for _ in range(_count(reader)):
        key = _decode(reader, depth + 1)
        if type(key) is not str or key in result:
            raise ProtocolError("a key is no string, or comes twice")
        result[key] = _decode(reader, depth + 1)
    return result


def _decode_array(reader: _Reader) -> np.ndarray:
    code, ndim = reader.take(2)
    if code >= len(DTYPES) or ndim > MAX_NDIM:
        raise ProtocolError("an array's header is wrong")
    dtype = DTYPES[code]
    shape = struct.unpack(f"<{ndim}I", reader.take(4 * ndim))
    if _footprint(dtype.itemsize, shape) > MAX_FRAME:
        raise ProtocolError(f"an array of shape {shape} is over the limit of {MAX_FRAME} bytes")
    raw = reader.take(dtype.itemsize * math.prod(shape))
    if dtype == np.bool_ and len(raw) and np.frombuffer(raw, np.uint8).max() > 1:
        raise ProtocolError("a bool is neither 0 nor 1")
    return np.frombuffer(raw, dtype).reshape(shape).copy()
