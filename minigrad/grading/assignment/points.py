"""An exercise's points, stated once in its check cell, shared out among its checks by their weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from minigrad.checks import Check


def weights(checks: Iterable[Check]) -> dict[str, float]:
    """The weights of each exercise's checks, added up."""
    total: dict[str, float] = {}
    for check in checks:
        total[check.exercise] = total.get(check.exercise, 0.0) + check.weight
    return total


def shared(
    checks: Iterable[Check], points: Mapping[str, float], weights: Mapping[str, float]
) -> tuple[Check, ...]:
    """The checks with their shares of their exercises' `points`.

    `weights` are sums over all of an exercise's checks, hidden ones included, also where `checks` are
    the public ones only.
    """
    return tuple(
        dataclasses.replace(c, points=points[c.exercise] * c.weight / weights[c.exercise]) for c in checks
    )
