"""The final column: groups of assignments with weights, of which the lowest are dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Assignments that count alike, and how much all together weigh beside the other groups."""

    name: str
    of: tuple[str, ...]
    weight: float
    drop_lowest: int = 0


@dataclass(frozen=True)
class Final:
    """A student's final score in percent; None where nothing counts yet."""

    percent: float | None
    groups: Mapping[str, float]  # percent of each group that counts
    dropped: tuple[str, ...]  # assignments, in the groups' order


def final(groups: Sequence[Group], shares: Mapping[str, float]) -> Final:
    """The final score from each assignment's share of its maximum (1.0 is all of it).

    A group's is the mean of its shares without the lowest `drop_lowest`, of equal ones the first; one
    stays. An assignment without a share counts for nothing, and so does a group of such.
    """
    percents: dict[str, float] = {}
    dropped: list[str] = []
    for group in groups:
        there = [name for name in group.of if name in shares]
        if not there:
            continue
        lowest = sorted(there, key=lambda name: shares[name])[: min(group.drop_lowest, len(there) - 1)]
        kept = [shares[name] for name in there if name not in lowest]
        percents[group.name] = 100 * sum(kept) / len(kept)
        dropped += [name for name in there if name in lowest]
    weights = {g.name: g.weight for g in groups if g.name in percents}
    whole = sum(weights.values())
    percent = sum(weights[name] * percents[name] for name in weights) / whole if whole else None
    return Final(percent, percents, tuple(dropped))
