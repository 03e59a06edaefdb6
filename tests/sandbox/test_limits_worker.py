"""How a worker reads requests and writes replies, over pipes, in this process: to the last byte."""

from __future__ import annotations

import contextlib
import os
import random
import sys

import numpy as np
import pytest

from minigrad.sandbox import protocol, worker

MIB = 1 << 20


class Left(BaseException):
    """In place of the end of the process."""


@pytest.fixture
def exits(monkeypatch):
    """The exit codes with which the worker would have ended; the first one is what counts."""
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        raise Left

    monkeypatch.setattr(worker, "_exit", leave)
    return codes


@pytest.fixture
def serve(exits, monkeypatch):
    """Let a worker answer requests until it would end: the replies, and its exit code."""
    for name in ("__main__", "checks"):  # put back afterwards
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name, sys))
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    drawn, numpys = random.getstate(), np.random.get_state()

    def run(data: bytes) -> tuple[list, int]:
        (requests, ask), (answered, replies) = os.pipe(), os.pipe()
        os.write(ask, data)
        os.close(ask)
        with pytest.raises(Left):
            worker.serve(requests, replies)
        os.close(requests)
        os.close(replies)
        with open(answered, "rb") as file:
            return list(frames(file.read())), exits[0]

    yield run
    random.setstate(drawn)
    np.random.set_state(numpys)


def frames(data: bytes):
    """Sequence numbers and values, one after the other."""
    while data:
        sequence, length = protocol.parse_header(data[: protocol.HEADER_SIZE])
        yield sequence, protocol.loads(data[protocol.HEADER_SIZE : protocol.HEADER_SIZE + length])
        data = data[protocol.HEADER_SIZE + length :]


def test_each_request_is_answered_under_its_number_until_the_judge_hangs_up(serve):
    asked = protocol.frame(1, ["cell", "a", "x = 1"]) + protocol.frame(9, ["cell", "b", "print(x)"])
    replies, code = serve(asked)
    assert replies == [
        (1, {"ok": True, "output": "", "error": None}),
        (9, {"ok": True, "output": "1\n", "error": None}),
    ]
    assert code == 0


def test_every_worker_draws_alike_from_seed_0(serve):
    source = "import random\nimport numpy as np\nprint(random.random(), np.random.random())"
    ((_, reply),), _ = serve(protocol.frame(1, ["cell", "a", source]))
    assert reply["output"] == f"{random.Random(0).random()} {np.random.RandomState(0).random_sample()}\n"


@pytest.mark.parametrize("cut", [1, 11, 12, 13])
def test_a_request_that_is_cut_off_ends_the_worker_as_a_hang_up_does(serve, cut):
    assert serve(protocol.frame(1, ["cell", "a", "x"])[:cut]) == ([], 0)


def test_what_is_no_request_ends_the_worker(serve):
    assert serve(b"PASSED 100/1") == ([], 1)


def test_a_worker_without_memory_to_answer_ends_with_77(serve, monkeypatch):
    def none(data: bytes):
        raise MemoryError

    request = protocol.frame(1, None)
    monkeypatch.setattr(worker.protocol, "loads", none)
    assert serve(request) == ([], 77)


def test_bytes_are_read_to_the_last_one_asked_for_and_none_further(exits, monkeypatch):
    left, asked = bytearray(b"abcdefgh"), []

    def read(fd: int, count: int) -> bytes:
        asked.append(count)
        piece = bytes(left[: min(count, 2)])
        del left[: len(piece)]
        return piece

    monkeypatch.setattr(worker, "_read", read)
    assert worker._read_exactly(3, 5) == b"abcde"
    assert asked == [5, 3, 1]
    assert left == b"fgh"
    assert worker._read_exactly(3, 0) == b""
    with pytest.raises(Left):
        worker._read_exactly(3, 4)
    assert exits == [0]


def test_no_more_than_a_mebibyte_is_asked_for_at_once(monkeypatch):
    asked = []
    monkeypatch.setattr(worker, "_read", lambda fd, count: asked.append(count) or bytes(count))
    assert len(worker._read_exactly(3, 2 * MIB + 1)) == 2 * MIB + 1
    assert asked == [MIB, MIB, 1]


def test_what_is_written_in_pieces_arrives_whole(monkeypatch):
    written = []

    def write(fd: int, data: memoryview) -> int:
        written.append(bytes(data[:3]))
        return len(written[-1])

    monkeypatch.setattr(worker, "_write", write)
    worker._write_all(3, b"abcdefgh")
    assert written == [b"abc", b"def", b"gh"]
    worker._write_all(3, b"")
    assert len(written) == 3


def test_what_ipython_would_be_has_every_name_but_those_of_python():
    nothing = worker._Nothing()
    assert nothing.magic("x").y is nothing
    assert nothing._repr is nothing
    with pytest.raises(AttributeError):
        _ = nothing.__array__


# --- a worker's own settings do not reach the code that it runs -------------------------------------

ANNOTATED = "def f(x: 1):\n    return x\nassert f.__annotations__ == {'x': 1}\n"  # not as text


@pytest.fixture
def notebook(serve):
    """A notebook in this process; `serve` puts back what it replaces."""
    return worker.Notebook()


@pytest.mark.parametrize("source", [ANNOTATED, "%time\n" + ANNOTATED])
def test_cells_are_compiled_without_the_workers_future_imports(notebook, source):
    assert notebook.cell("a", source)["error"] is None


def test_checks_are_compiled_without_the_workers_future_imports(notebook):
    notebook.checks("checks.py", ANNOTATED)
    assert notebook._checks_names["f"].__annotations__ == {"x": 1}


def test_the_source_of_a_cell_is_there_line_by_line(notebook):
    source = "def f():\n    return 2\n\nimport inspect\nprint(inspect.getsource(f), end='')"
    assert notebook.cell("a", source)["output"] == "def f():\n    return 2\n"


CHECKS = """
from minigrad.checks import check

@check(exercise="e", weight=1, says="")
def raises(student, rng):
    return {"y": student.f(rng)}
"""


def test_words_are_told_only_where_they_are_asked_for(notebook):
    worker.answer(notebook, ["checks", "checks.py", CHECKS])
    worker.answer(notebook, ["cell", "a", "def f(rng): raise ValueError('spoken')"])
    probe = ["probe", "e.raises", "00" * 32]
    assert "spoken" not in str(worker.answer(notebook, probe))
    assert "spoken" in str(worker.answer(notebook, [*probe, True]))
    cell = ["cell", "b", "f(1)"]
    assert "spoken" not in str(worker.answer(notebook, cell))
    assert "spoken" in str(worker.answer(notebook, [*cell, True]))


def test_a_cell_has_the_time_that_it_is_given_and_without_one_no_end(notebook, monkeypatch):
    given = []
    monkeypatch.setattr(worker, "deadline", lambda cpu: given.append(cpu) or contextlib.nullcontext())
    notebook.cell("a", "")
    notebook.cell("b", "", False, 2.5)
    assert given == [0, 2.5]
