"""The runner in a sandbox: one notebook in its workers; whatever ends a worker is charged alone."""

from __future__ import annotations

import binascii
import dataclasses
import functools
import marshal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar

from minigrad.checks import Arrays, Check
from minigrad.grading.judge.verdict import ENDLESS, Known, cell_in_words, ended, evidence, exception, known
from minigrad.grading.model import Cell, CellRun, Evidence, Failure, Limits, Ran, clean
from minigrad.sandbox.protocol import ProtocolError
from minigrad.sandbox.server import Server, Worker, WorkerEnded
from minigrad.sandbox.worker import compile_checks

OUTPUT = 16 * 1024  # characters kept of one cell's output
OUTPUTS = 64 * 1024  # for the output of all cells together
KEPT = 32 << 20  # bytes of the arrays of all probes together, which are kept until all have run
CHECKS_CPU = 5.0  # CPU seconds to read one file of checks; a replay has so many more than its probe
ALL_TOO_LARGE = Failure("bad-value", f"what all checks get together is larger than {KEPT >> 20} MB")
ENOUGH = 0.05  # with less than this many CPU seconds left, a budget counts as used up
GRACE = 1.0  # CPU seconds for a cell to end in, once it is told to
WALL = 10  # wall seconds allowed for each CPU second
WHY = {"cpu": "took too long", "wall": "waited too long", "memory": "needed too much memory"}


class Session:
    """A Runner: the workers of one notebook. Raises SandboxFault, and nothing for the notebook's faults.

    `sources` are the files of checks, by name, `names` what a report may name of what they ask for,
    and `packages` those that the assignment lists. The cells run when the first probe is asked for, and
    again in every fresh worker. Nothing that a worker says while a probe runs is read but arrays, and
    what is `Known` of a failure.
    """

    asks: ClassVar[tuple[Any, ...]] = ()  # what is added to requests

    def __init__(
        self,
        server: Server,
        sources: Mapping[str, str],
        cells: Sequence[Cell],
        limits: Limits,
        names: frozenset[str] = frozenset(),
        packages: tuple[str, ...] = (),
    ) -> None:
        self.server = server
        self.sources = sources
        self.cells = [c for c in cells if c.runs]
        self.known = known(cells, names, packages)
        self.limits = limits
        self.runs: dict[str, CellRun] = {}
        self.charged: dict[str, Failure] = {}  # cells that ended their worker: not run again
        self.suspects: set[str] = set()  # cells that timed out once
        self.stopped: dict[str, str] = {}  # cells that were stopped, with what is told of it
        self.ends: list[str] = []  # what of the submission ended a worker, one for each, in words
        self.over: Failure | None = None  # why nothing runs any more
        self.confirmed = True
        self.worker: Worker | None = None
        self.kept = 0  # bytes of arrays that probes gave
        self.spent = 0.0  # CPU seconds of the workers before this one
        self.began = self.started = time.monotonic()  # the session, and the present worker

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def cpu(self) -> float:
        """CPU seconds used so far."""
        return self.spent + (self.worker.cpu if self.worker is not None else 0.0)

    def close(self) -> None:
        """End the worker; the next call starts a fresh one."""
        if self.worker is not None:
            self.worker.close()
            self.spent += self.worker.cpu
            self.worker = None

    def left(self, wanted: float) -> float:
        """CPU seconds left of the whole budget, at most `wanted`; the share of the clock counts as well."""
        now, total = time.monotonic(), self.limits.total_cpu
        waited = (now - self.began) * total / self.limits.wall
        most = self.spent + now - self.started  # a worker has one thread; mostly no need to ask it
        if total - max(most, waited) >= wanted:
            return wanted
        return min(wanted, total - max(self.cpu, waited))

    def ready(self) -> bool:
        """Whether a worker is there in which the cells ran and the checks were read."""
        while self.worker is None and self.over is None:
            if self.left(ENOUGH) < ENOUGH:
                self._end_over_budget()
                break
            self.started = time.monotonic()
            self.worker = self.server.worker(memory_mb=self.limits.memory_mb)
            if not (self._run_cells() and self._read_checks()):
                self.close()
        return self.over is None

    def probe(self, check: Check, seed: str) -> Evidence:
        """One run of a check's probe. A timeout counts once a second run, alone, timed out too."""
        for last in (False, True):
            if not self.ready():
                return Evidence(failure=self.over)
            assert self.worker is not None
            limit = self.left(check.cpu)
            if limit < ENOUGH:
                return Evidence(failure=self._end_over_budget())
            try:
                reply = self.worker.call(["probe", check.name, seed, *self.asks], limit)
            except WorkerEnded as end:
                self.close()
                failure = ended(end.reason, limit, self.limits.memory_mb)
                if failure.kind == "timeout" and limit < check.cpu:
                    return Evidence(failure=self._end_over_budget())
                if failure.kind != "timeout" or last:
                    self._charge(f"a check of `{check.exercise}`", end.reason)
                    return Evidence(failure=failure)
            else:
                return self._keep(check, self.read(reply))
        raise AssertionError  # unreachable: the second round always returns

    def _keep(self, check: Check, seen: Evidence) -> Evidence:
        """What a probe gave, if there is room for it; what trains is replayed at once, and not kept."""
        self.kept += 0 if check.trained else sum(a.nbytes for a in seen.arrays.values())
        return seen if self.kept <= KEPT else Evidence(failure=ALL_TOO_LARGE)

    def replay(self, check: Check, seed: str, held_out: str, arrays: Arrays) -> Evidence:
        """The score of parameters on the names of these cells, or a failure; NaN when they end the worker."""
        if not self.ready():
            return Evidence(failure=self.over)
        assert self.worker is not None
        request = ["replay", check.name, seed, held_out, dict(arrays), *self.asks]
        try:
            reply = self.worker.call(request, check.cpu + CHECKS_CPU)
        except (WorkerEnded, ProtocolError):  # numbers can be too much for a replay, or for its message
            self.close()
            return Evidence(score=float("nan"))
        score = reply.get("score") if isinstance(reply, dict) else None
        return Evidence(score=score) if isinstance(score, float) else self.read(reply)

    def read(self, reply: object) -> Evidence:
        """What a reply to a probe, or to a replay without a score, says."""
        return evidence(reply, self.known)

    def read_cell(self, id: str, reply: object, room: int) -> CellRun:
        """What a reply to a cell says, its output cut to `room` characters."""
        return cell_run(id, reply, self.known, room)

    def ran(self) -> Ran:
        """How the cells ran up to now, and what went wrong with workers."""
        cells = tuple(self.runs[c.id] for c in self.cells if c.id in self.runs)
        return Ran(cells, self.cpu, self.confirmed, tuple(self.notes()))

    def notes(self) -> list[str]:
        """What went wrong with workers, for the report."""
        told = [
            f"{cell_in_words(id)} {why.reason} (the other cells ran without it)"
            for id, why in self.charged.items()
        ]
        told += self.stopped.values()
        if self.over is not None:
            told.append(self.over.reason)
        return told

    def _run_cells(self) -> bool:
        """Run the cells in the worker; False when one of them ended it."""
        assert self.worker is not None
        start = time.monotonic()
        room = OUTPUTS
        for cell in self.cells:
            if cell.id in self.charged:
                continue
            if self.left(ENOUGH) < ENOUGH:
                self._end_over_budget()
                return False
            left = self.limits.cells_cpu - max(self.worker.cpu, (time.monotonic() - start) / WALL)
            if left < ENOUGH:
                why = f"was not run: the cells before it used {self.limits.cells_cpu:g} s of computing time"
                self.runs[cell.id] = CellRun(cell.id, error=why)
                continue
            limit = max(left / 2, ENOUGH)
            request = ["cell", cell.id, cell.source, bool(self.asks), limit]
            try:
                reply = self.worker.call(request, self.left(limit + GRACE))
            except WorkerEnded as end:
                self._cell_ended(cell, end)
                return False
            if overtime(reply):
                self.stopped[cell.id] = (
                    f"{cell_in_words(cell.id)} {too_long(self.limits)}: it was stopped, "
                    "and what it had defined before stays"
                )
            run = self.read_cell(cell.id, reply, min(OUTPUT, room))
            room = max(0, room - len(run.output))
            self.runs[cell.id] = dataclasses.replace(run, error=self.stopped.get(cell.id, run.error))
        return True

    def _cell_ended(self, cell: Cell, end: WorkerEnded) -> None:
        failure = ended(end.reason, 0.0, self.limits.memory_mb)
        if end.reason == "cpu":
            failure = Failure("timeout", f"{too_long(self.limits)}: {ENDLESS}")
        if failure.kind == "timeout" and cell.id not in self.suspects:
            self.suspects.add(cell.id)
            return
        self.charged[cell.id] = failure
        self.runs[cell.id] = CellRun(cell.id, error=f"{cell_in_words(cell.id)} {failure.reason}")
        self._charge(cell_in_words(cell.id), end.reason)

    def _read_checks(self) -> bool:
        assert self.worker is not None
        for file, text in self.sources.items():
            try:
                reply = self.worker.call(["checks", file, text, compiled(file, text)], CHECKS_CPU)
            except WorkerEnded as end:
                self.over = ended(end.reason, CHECKS_CPU, self.limits.memory_mb)
                return False
            if reply is not None:
                self.over = Failure(
                    "died", "the checks cannot be read after these cells ran: they change Python itself"
                )
                return False
        return True

    def _charge(self, what: str, reason: str) -> None:
        """Count a worker that the submission ended; too many, and nothing runs any more."""
        self.ends.append(f"{what} {WHY.get(reason, 'ended Python')}")
        if len(self.ends) > self.limits.restarts:
            times = [f"{what} ({n} times)" if n > 1 else what for what, n in Counter(self.ends).items()]
            self.over = Failure("died", f"{', '.join(times)}: the rest was not run")

    def _end_over_budget(self) -> Failure:
        """Ends the session because its budget is used up; what it was doing is not confirmed."""
        self.confirmed = False
        self.over = Failure(
            "timeout",
            f"the whole submission took more than {self.limits.total_cpu:g} s of computing, "
            f"or {self.limits.wall:g} s on the clock: the rest was not run",
        )
        return self.over


@functools.lru_cache(8)
def compiled(file: str, text: str) -> str:
    """A file of checks, compiled for all workers: that takes as long as all of a notebook's probes."""
    return binascii.b2a_base64(marshal.dumps(compile_checks(file, text)), newline=False).decode("ascii")


def too_long(limits: Limits) -> str:
    """What is said of a cell that used up its time; with no measured number, as reports have none."""
    return (
        f"takes too long (all cells together have {limits.cells_cpu:g} s of computing time, "
        "and each may use half of what is left)"
    )


def overtime(reply: object) -> bool:
    """Whether a worker says that a cell was stopped at the end of its time."""
    error = reply.get("error") if isinstance(reply, dict) else None
    return isinstance(error, dict) and error.get("type") == "Overtime"


def cell_run(id: str, reply: object, may: Known, room: int) -> CellRun:
    """A worker's reply to a cell, cleaned: `room` characters of output, the error in our words."""
    if not isinstance(reply, dict):
        return CellRun(id, error="an exception of your own")
    output, error = reply.get("output"), reply.get("error")
    text = clean(output, room) if isinstance(output, str) and room > 0 else ""
    if isinstance(error, dict):
        return CellRun(id, text, exception(error, may, f"when {cell_in_words(id)} ran"))
    return CellRun(id, text, "" if reply.get("ok") is True else "an exception of your own")
