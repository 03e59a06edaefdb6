"""The runner in a notebook's own process: its cells have run there already, as the student."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from minigrad.checks import Arrays, Check, Overtime, deadline
from minigrad.grading.judge import verdict
from minigrad.grading.model import Evidence, Ran
from minigrad.grading.notebook import telling
from minigrad.sandbox.probing import run_probe, run_replay

PATIENCE = 2  # a probe may take this many times the computing time that it has in grading


class Inside:
    """A Runner on a notebook's names; it says what is being trained, and clears that when it is left.

    `asked` are the names that the checks ask for.
    """

    def __init__(self, names: dict[str, Any], asked: frozenset[str]) -> None:
        self.names = names
        self.known = verdict.known((), asked)
        self.tries: Counter[str] = Counter()

    def __enter__(self) -> Inside:
        return self

    def __exit__(self, *_: object) -> None:
        if self.tries:
            _clear()

    def probe(self, check: Check, seed: str) -> Evidence:
        if check.trained:
            self.tries[check.name] += 1
            told = f"training ({self.tries[check.name]} of at most {check.tries} tries): {check.says}"
            print(told, flush=True)
        limit = PATIENCE * check.cpu
        try:
            with deadline(limit):
                return self.read(run_probe(check, self.names, seed, words=True))
        except Overtime:
            return Evidence(failure=verdict.ended("cpu", limit, 0))

    def replay(self, check: Check, seed: str, held_out: str, arrays: Arrays) -> Evidence:
        reply = run_replay(check, self.names, seed, held_out, arrays, words=True)
        return Evidence(score=reply["score"]) if "score" in reply else self.read(reply)

    def ran(self) -> Ran:
        return Ran()  # the notebook itself has shown how its cells ran

    def read(self, reply: dict[str, Any]) -> Evidence:
        """A reply as evidence, with its words."""
        said = telling.words(reply.pop("words", None))
        return dataclasses.replace(verdict.evidence(reply, self.known), words=said)


def _clear() -> None:
    """Clear the cell's output where there is a notebook."""
    try:
        from IPython import get_ipython
        from IPython.display import clear_output
    except ImportError:
        return
    if get_ipython() is not None:
        clear_output(wait=True)
