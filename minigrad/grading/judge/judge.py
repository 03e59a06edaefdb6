"""Grades submissions: the sandbox gives numbers, this side decides what they are worth."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import cast, get_args

from minigrad.checks import Mutant
from minigrad.grading.assignment.load import PUBLIC
from minigrad.grading.intake.canonical import Intake, intake
from minigrad.grading.judge import seeds
from minigrad.grading.judge.diagnose import MORE, digest_of, one_of_two, recognise, suspects
from minigrad.grading.judge.ladder import next_look
from minigrad.grading.judge.observe import Found, observe
from minigrad.grading.judge.reference import (
    Reference,
    identical,
    mutated,
    read_evidence,
    sound,
    write_evidence,
)
from minigrad.grading.judge.session import Session
from minigrad.grading.judge.verdict import asked_for, blamed, decide, written
from minigrad.grading.model import (
    Assignment,
    Cell,
    Evidence,
    Exercise,
    JudgeFault,
    Limits,
    Observation,
    Ran,
    Refused,
    Report,
    Verdict,
)
from minigrad.grading.store import files
from minigrad.sandbox import protocol
from minigrad.sandbox.linux.cores import cores
from minigrad.sandbox.server import Isolation, Lent, SandboxFault, SandboxUnavailable, Server

FAULTS = 3  # runs before the judge's own faults leave a submission ungraded


class Graded:
    """The judge's Runner: probes in the submission's session, replays in the solution's worker."""

    def __init__(self, session: Session, reference: Reference) -> None:
        self.session = session
        self.reference = reference
        self.before = reference.used
        self.probe = session.probe
        self.replay = reference.replay

    def ran(self) -> Ran:
        """How the submission ran, with the CPU time of its replays."""
        ran = self.session.ran()
        return dataclasses.replace(ran, cpu=ran.cpu + self.reference.used - self.before)


class Judge:
    """A judge of one assignment under one salt; a context manager that owns a fork server.

    Entering it raises JudgeFault when the isolation asked for cannot be had.

    `cache` is a folder, private to the course's staff, where the arrays of the solution and of each
    mutant are kept from when they were first asked for, so that many processes compute them once.
    `forbidden` are paths that no worker may see. `serve` starts the server of workers: `Lent`, or what
    stands for it in tests.
    """

    def __init__(
        self,
        assignment: Assignment,
        salt: bytes,
        *,
        isolation: str = "auto",
        limits: Limits | None = None,
        cache: Path | None = None,
        forbidden: Sequence[Path] = (),
        serve: Callable[..., Server] | None = None,
    ) -> None:
        self.assignment = assignment
        self.salt = salt
        self.seeds = seeds.Salted(salt, assignment.name)
        self.limits = limits or Limits()
        self.cache = cache
        self.forbidden = forbidden
        self.deterministic = [c for c in assignment.checks if not c.trained]
        if isolation not in get_args(Isolation):
            raise ValueError(f"isolation {isolation!r} is unknown: one of {', '.join(get_args(Isolation))}")
        self._asked = cast(Isolation, isolation)
        self._serve = serve or Lent
        self._server: Server | None = None
        self._solution: Reference | None = None
        self._changed: dict[str, Found] = {}  # by mutant, what it gives where it differs from the solution

    def __enter__(self) -> Judge:
        _ = self.server
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers and the fork server; what is asked next starts them again."""
        solution, self._solution = self._solution, None
        server, self._server = self._server, None
        if solution is not None:
            solution.close()
        if server is not None:
            server.close()

    @property
    def server(self) -> Server:
        """The fork server, started where there is none. Raises JudgeFault when there is no sandbox,
        PackageMissing when a package on the assignment's list is not installed."""
        if self._server is None:
            try:
                self._server = self._serve(
                    self._asked,
                    engine=self.assignment.engine,
                    packages=self.assignment.packages,
                    forbidden=self.forbidden,
                )
            except SandboxUnavailable as why:
                raise JudgeFault(str(why)) from why
        return self._server

    @property
    def isolation(self) -> str:
        """The isolation in force: what `Server` says."""
        return self.server.isolation

    def prepare(self) -> None:
        """Compute all that grading may compare with, as who asks for all of it does before its threads."""
        _ = self.mutants

    @cached_property
    def names(self) -> frozenset[str]:
        """What a report may name: what the checks ask for and the release has."""
        a = self.assignment
        released = [*(c.source for c in a.cells if not c.markdown), a.sources.get(PUBLIC, "")]
        return asked_for(a.sources.values(), released)

    @cached_property
    def expected(self) -> Found:
        """The solution's evidence for each deterministic check; AuthoringError when one gives none."""
        return self._kept(self.assignment.solved(), self._solved)

    @property
    def mutants(self) -> dict[str, Found]:
        """The evidence of all mutants, as `mistaken` gives it."""
        return self.mistaken(self.assignment.mutants)

    def mistaken(self, mutants: Sequence[Mutant]) -> dict[str, Found]:
        """By name, the mutants' evidence for each deterministic check.

        What nobody has asked for is not computed; what equals the solution's is held once.
        """
        missing = [m for m in mutants if m.name not in self._changed]
        if missing:
            _, _ = self.server, self.expected  # what all threads share is made once, before them
            random.shuffle(missing)  # processes that ask for the same at one time then share the work
            with ThreadPoolExecutor(cores()) as threads:  # they wait for workers, one each
                found = threads.map(self._differs, missing)
                self._changed |= zip((m.name for m in missing), found, strict=True)
        return {m.name: {**self.expected, **self._changed[m.name]} for m in mutants}

    def grade(self, data: bytes) -> Report:
        """The report of one submitted file; never raises for what is in it.

        Faults of the judge give a report that is "ungraded". Raises AuthoringError when the
        assignment's own solution fails.
        """
        try:
            taken = intake(data, self.assignment)
        except Refused as why:
            return Report(self.assignment.name, "refused", reason=str(why))
        return self.judge(taken)

    def judge(self, taken: Intake, train: bool = True) -> Report:
        """The report of a submission that was taken in."""
        why = ""
        for _ in range(FAULTS):
            try:
                observed = self.observe(taken.cells, train)
                return self.report(taken, observed)
            except (SandboxFault, JudgeFault, OSError, MemoryError) as fault:
                own = isinstance(fault, (SandboxFault, JudgeFault))  # our words: the first line has the cause
                kind = str(fault).partition("\n")[0] if own else type(fault).__name__
                why = f"the judge failed ({kind}): grade this submission again"
                self.close()
        return Report(self.assignment.name, "ungraded", reason=why, notes=taken.notes)

    def observe(self, cells: Sequence[Cell], train: bool = True) -> Observation:
        """What cells give in the sandbox, trained checks too or left out. Raises SandboxFault."""
        checks = self.assignment.checks if train else self.deterministic
        expected = self.expected if train else {}  # only what trains has needs
        a = self.assignment
        with Session(self.server, a.sources, cells, self.limits, self.names, a.packages) as session:
            return observe(Graded(session, self._reference), checks, self.seeds, expected)

    def verdicts(self, observed: Mapping[str, Evidence]) -> list[Verdict]:
        """The verdict on each check that was observed, in the assignment's order."""
        return [
            decide(
                c, observed[c.name], self.expected.get(c.name, Evidence()), c.name in self.assignment.public
            )
            for c in self.assignment.checks
            if c.name in observed
        ]

    def report(self, taken: Intake, observed: Observation) -> Report:
        """What is said of a submission: points, reasons, the mistakes recognised."""
        ran, sources = observed.ran, written(taken.cells, self.assignment.solution)
        errors = {r.id: r.error for r in ran.cells if r.error}
        probes = {name: blamed(e, errors, sources) for name, e in observed.probes.items()}
        verdicts = self.verdicts(probes)
        exercises = tuple(
            self._exercise(name, points, [v for v in verdicts if v.exercise == name], observed.probes)
            for name, points in self.assignment.exercises().items()
        )
        return Report(
            self.assignment.name,
            "graded",
            exercises,
            notes=(*taken.notes, *ran.notes),
            cells=ran.cells,
            cpu=ran.cpu,
            training_cpu=observed.training_cpu,
            blank=taken.blank,
            confirmed=ran.confirmed,
        )

    def _exercise(
        self, name: str, points: float, verdicts: Sequence[Verdict], observed: Mapping[str, Evidence]
    ) -> Exercise:
        right = all(v.passed for v in verdicts)
        score = points if right and verdicts else min(points, sum(v.points for v in verdicts if v.passed))
        mistake = "" if right else self.recognised(name, observed)
        two = "" if right or mistake else self.one_of_two(name, observed)
        mistake = mistake or two
        hint = next((m.hint for m in self.assignment.mutants if m.name == mistake), "")
        hint = f"{MORE}{hint}" if two else hint
        own = {c.name for c in self.deterministic if c.exercise == name}
        if not right and not mistake:  # of public checks alone: what it names can be asked in the notebook
            public = ((c, observed[c]) for c in own & self.assignment.public)
            gave = {c for c, e in public if e.failure is None or e.form}  # what stopped else tells itself why
            shown = [c for c in self.deterministic if c.name in gave]
            hint = next_look(shown, observed, self.expected)
        seen = "" if right else digest_of({check: e for check, e in observed.items() if check in own})
        return Exercise(name, points, float(score), tuple(verdicts), mistake, hint, seen)

    def recognised(
        self, exercise: str, observed: Mapping[str, Evidence], mutants: Mapping[str, Found] | None = None
    ) -> str:
        """The name of the mutant, of all or of those given, that an exercise's evidence shows, or ""."""
        return self._compared(recognise, exercise, observed, mutants)

    def one_of_two(
        self, exercise: str, observed: Mapping[str, Evidence], mutants: Mapping[str, Found] | None = None
    ) -> str:
        """The name of that one of two mutants, made at once, which is to be told first, or ""."""
        return self._compared(one_of_two, exercise, observed, mutants)

    def _compared(
        self,
        how: Callable[..., str | None],
        exercise: str,
        observed: Mapping[str, Evidence],
        mutants: Mapping[str, Found] | None,
    ) -> str:
        checks = [c for c in self.deterministic if c.exercise == exercise]
        seen = {c.name: observed[c.name] for c in checks}
        failed = {v.check for v in self.verdicts(seen) if not v.passed}
        if not failed or not any(e.failure is None for e in seen.values()):
            return ""
        if mutants is None:
            mutants = self.mistaken(suspects(self.assignment.mutants, failed))
        return how(checks, seen, self.expected, mutants) or ""

    @property
    def _reference(self) -> Reference:
        """The solution's worker, which starts at the first replay."""
        if self._solution is None:
            self._solution = Reference(self.server, self.assignment, self.limits)
        return self._solution

    def _solved(self) -> Found:
        found = self.observe(self.assignment.solved(), train=False).probes
        sound(self.assignment.name, found)
        return dict(found)

    def _differs(self, mutant: Mutant) -> Found:
        """A mutant's evidence, only where it differs from the solution's in some byte."""
        cells = self.assignment.solved(mutated(self.assignment, mutant))

        def compute() -> Found:
            found = self.observe(cells, train=False).probes
            return {name: e for name, e in found.items() if not identical(e, self.expected[name])}

        return self._kept(cells, compute)

    def _kept(self, cells: Sequence[Cell], compute: Callable[[], Found]) -> Found:
        """What cells of ours give: as the cache has it, or computed and put there."""
        if self.cache is None:
            return compute()
        path = self.cache / seeds.reference_key(self.salt, cells, self.assignment)
        with contextlib.suppress(OSError, protocol.ProtocolError, ValueError, KeyError, TypeError):
            return read_evidence(path.read_bytes())
        found = compute()
        with contextlib.suppress(OSError):  # then the next process computes it again
            files.write(path, write_evidence(found))
        return found
