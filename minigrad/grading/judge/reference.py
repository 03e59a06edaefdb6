"""What submissions are compared with: the solution at work, and evidence kept as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.checks import Arrays, Check, Mutant
from minigrad.grading.judge.session import Session
from minigrad.grading.model import Assignment, AuthoringError, Evidence, Failure, JudgeFault, Limits
from minigrad.sandbox import protocol
from minigrad.sandbox.server import Server


class Reference:
    """A worker that holds the solution, for replays: it never runs a submission's code."""

    def __init__(self, server: Server, assignment: Assignment, limits: Limits) -> None:
        self.server, self.assignment, self.limits = server, assignment, limits
        self.session = self.start()
        self.used = 0.0  # CPU seconds of replays so far

    def start(self) -> Session:
        """A fresh session of the solution, with all of its budget."""
        return Session(self.server, self.assignment.sources, self.assignment.solved(), self.limits)

    def replay(self, check: Check, seed: str, held_out: str, arrays: Arrays) -> Evidence:
        """The score of parameters that a submission trained; NaN when they do not work.

        Raises JudgeFault when the solution itself cannot run.
        """
        if self.session.worker is None:
            self.session = self.start()
        if not self.session.ready():
            raise JudgeFault(f"the solution of {self.assignment.name} does not run: {self.session.over}")
        before = self.session.cpu
        seen = self.session.replay(check, seed, held_out, arrays)
        self.used += max(0.0, self.session.cpu - before)
        return seen if seen.failure is None else Evidence(score=float("nan"))

    def close(self) -> None:
        self.session.close()


def sound(assignment: str, found: Mapping[str, Evidence]) -> None:
    """Raise AuthoringError unless the solution gives finite arrays for every check."""
    for name, e in found.items():
        if e.failure is not None:
            raise AuthoringError(f"{assignment}: the solution fails its own check {name}: {e.failure.reason}")
        for array, value in e.arrays.items():
            if not np.isfinite(value).all():
                raise AuthoringError(
                    f"{assignment}: check {name} gives NaN or infinity in {array!r}: "
                    "return np.isnan(...) or np.isinf(...) of it, which can be compared"
                )
        if not e.arrays:
            raise AuthoringError(f"{assignment}: check {name} returns no arrays: nothing to compare")


def mutated(assignment: Assignment, mutant: Mutant) -> dict[str, str]:
    """The solution cell that a mutant changes, changed; AuthoringError unless it fits exactly once."""
    places = [id for id, source in assignment.solution.items() for _ in range(source.count(mutant.old))]
    if len(places) != 1:
        raise AuthoringError(
            f"{assignment.name}: mutant {mutant.name}: its `old` is found {len(places)} times in "
            "the solution, not once: make it longer, or mend it"
        )
    return {places[0]: assignment.solution[places[0]].replace(mutant.old, mutant.new)}


def identical(a: Evidence, b: Evidence) -> bool:
    """Whether two probes gave the same bytes, or failed alike."""

    def contents(e: Evidence) -> dict[str, Any]:
        return {name: (v.dtype, v.shape, v.tobytes()) for name, v in e.arrays.items()}

    return a.failure == b.failure and contents(a) == contents(b)


def write_evidence(found: Mapping[str, Evidence]) -> bytes:
    """Evidence by check as bytes, in the sandbox's codec."""
    return protocol.dumps(
        {
            check: [e.failure.kind, e.failure.reason] if e.failure else dict(e.arrays)
            for check, e in found.items()
        }
    )


def read_evidence(data: bytes) -> dict[str, Evidence]:
    """What `write_evidence` wrote; raises ValueError, TypeError or ProtocolError for anything else."""
    return {
        check: Evidence(failure=Failure(*e)) if isinstance(e, list) else Evidence(arrays=e)
        for check, e in protocol.loads(data).items()
    }
