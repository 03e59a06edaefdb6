"""Pure: which known mistake gives what was observed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

import numpy as np

from minigrad.checks import Check, Mutant
from minigrad.grading.model import Evidence
from minigrad.grading.store.digest import digest

T = TypeVar("T")

PROJECTIONS = 8
SEED = 20_170  # of the projections; part of the released files' meaning
RTOL = 1e-5  # projections agree within this part of the arrays' norm, the course's widest tolerance
ATOL = 1e-9
MORE = "More than one thing may be wrong here. First: "  # before the hint of `one_of_two`
DIGITS = 5  # of the largest entry, in which arrays of answers that are alike agree


def suspects(mutants: Iterable[Mutant], failed: Collection[str]) -> list[Mutant]:
    """The mutants that fail one of the checks that failed: no other can give what was observed."""
    return [m for m in mutants if not set(m.fails).isdisjoint(failed)]


def recognise(
    checks: Sequence[Check],
    observed: Mapping[str, Evidence],
    expected: Mapping[str, Evidence],
    mutants: Mapping[str, Mapping[str, Evidence]],
) -> str | None:
    """The mutant whose evidence equals the observed on every deterministic check of one exercise.

    Evidence is by check name. Arrays agree within the check's own tolerance, NaN where the other
    has NaN; a failure agrees with one of its kind and exception. None when the observed equals the
    expected, when no arrays take part, or when not exactly one mutant fits.
    """
    names, numbers, same = _by_evidence(checks, observed)
    return only_match(names, observed, expected, mutants, same) if numbers else None


def recognise_projected(
    observed: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
    mutants: Mapping[str, Mapping[str, np.ndarray]],
) -> str | None:
    """`recognise` on projections (`project`) by check name, as a notebook does it."""
    numbers = _with_numbers(observed)
    return only_match(list(observed), observed, expected, mutants, _same_projection) if numbers else None


def only_match(
    names: Sequence[str],
    observed: Mapping[str, T],
    expected: Mapping[str, T],
    mutants: Mapping[str, Mapping[str, T]],
    same: Callable[[str, T, T], bool],
) -> str | None:
    """The only mutant that is `same` as observed on all `names`, if observed is not as expected."""
    if all(same(n, observed[n], expected[n]) for n in names):
        return None
    fits = [
        m for m, known in mutants.items() if all(n in known and same(n, observed[n], known[n]) for n in names)
    ]
    return fits[0] if len(fits) == 1 else None


def one_of_two(
    checks: Sequence[Check],
    observed: Mapping[str, Evidence],
    expected: Mapping[str, Evidence],
    mutants: Mapping[str, Mapping[str, Evidence]],
) -> str | None:
    """Of two mutants that together give the observed, the one to tell first; as `recognise` compares."""
    names, numbers, same = _by_evidence(checks, observed)
    return either(names, numbers, observed, expected, mutants, same)


def one_of_two_projected(
    observed: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
    mutants: Mapping[str, Mapping[str, np.ndarray]],
) -> str | None:
    """`one_of_two` on projections (`project`) by check name, as a notebook does it."""
    numbers = _with_numbers(observed)
    return either(list(observed), numbers, observed, expected, mutants, _same_projection)


def _by_evidence(
    checks: Sequence[Check], observed: Mapping[str, Evidence]
) -> tuple[list[str], set[str], Callable[[str, Evidence, Evidence], bool]]:
    """The deterministic checks, those of which arrays were observed, and when evidence of one agrees."""
    by_name = {c.name: c for c in checks if not c.trained}
    numbers = {n for n, e in observed.items() if n in by_name and e.failure is None}
    return list(by_name), numbers, lambda name, a, b: evidence_equal(by_name[name], a, b)


def _with_numbers(observed: Mapping[str, np.ndarray]) -> set[str]:
    """The checks of which arrays were observed, by their projections."""
    return {n for n, p in observed.items() if p[0] == 0}


def _same_projection(_: str, a: np.ndarray, b: np.ndarray) -> bool:
    return projections_equal(a, b)


def either(
    names: Sequence[str],
    numbers: Collection[str],
    observed: Mapping[str, T],
    expected: Mapping[str, T],
    mutants: Mapping[str, Mapping[str, T]],
    same: Callable[[str, T, T], bool],
) -> str | None:
    """The mutant that is one of every two which explain the observed: of both, the one that fails first.

    Two explain it when together they fail all that fails and nothing else, and wherever one of them fails
    alone, the observed is what that one gives; somewhere each of them does so in `numbers`. Where both
    fail, they may give anything that is wrong.
    """
    wrong = {n for n in names if not same(n, observed[n], expected[n])}
    acts, gives = dict[str, set[str]](), dict[str, set[str]]()
    for m, known in mutants.items():
        fails = {n for n in names if n in known and not same(n, known[n], expected[n])}
        if fails and fails <= wrong:
            acts[m] = fails
            gives[m] = {n for n in fails if same(n, observed[n], known[n])}

    def explain(a: str, b: str) -> bool:
        alone = ((acts[a] - acts[b], gives[a]), (acts[b] - acts[a], gives[b]))
        return acts[a] | acts[b] == wrong and all(
            own <= given and not own.isdisjoint(numbers) for own, given in alone
        )

    pairs = [{a, b} for a, b in combinations(acts, 2) if explain(a, b)]
    both = set.intersection(*pairs) if pairs else set()
    return min(both, key=lambda m: min(names.index(n) for n in gives[m]), default=None)


def evidence_equal(check: Check, a: Evidence, b: Evidence) -> bool:
    """Whether two pieces of evidence agree: failures by kind, arrays within the check's tolerance."""
    if a.failure is not None or b.failure is not None:
        return failure_code(a) == failure_code(b)
    if set(a.arrays) != set(b.arrays):
        return False
    return all(within_tolerance(a.arrays[n], b.arrays[n], check.rtol, check.atol) for n in b.arrays)


def within_tolerance(a: np.ndarray, b: np.ndarray, rtol: float, atol: float) -> bool:
    """Whether |a − b| ≤ atol + rtol |b| everywhere, entries that are not finite being the same ones."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        a, b = a.astype(np.float64), b.astype(np.float64)
        odd = ~np.isfinite(b)
        if not np.array_equal(a[odd], b[odd], equal_nan=True):
            return False
        return bool((np.abs(a - b)[~odd] <= (atol + rtol * np.abs(b))[~odd]).all())


def digest_of(observed: Mapping[str, Evidence]) -> str:
    """A digest of evidence by check name, the same where arrays agree in DIGITS digits of the largest entry.

    Answers that differ by rounding have the same, but for an entry that lies where it is rounded up or down.
    """
    rounded = ((name.encode(), *_rounded(observed[name])) for name in sorted(observed))
    parts = (digest(part) for one in rounded for part in one)
    return digest("".join(parts))


def _rounded(e: Evidence) -> Iterator[bytes]:
    if e.failure is not None:
        yield str(failure_code(e)).encode()
    for name in sorted(e.arrays):
        array = e.arrays[name]
        yield f"{name}:{array.dtype.name}:{array.shape}".encode()
        with np.errstate(all="ignore"):
            flat = array.astype(np.float64).ravel()
            finite = np.where(np.isfinite(flat), flat, 0.0)
            largest = float(np.abs(finite).max(initial=0.0))
            yield f"{largest:.{DIGITS - 1}e}".encode()
            yield (np.round(finite / (largest or 1.0), DIGITS) + 0.0).tobytes()  # + 0.0: no -0.0
            yield np.where(np.isfinite(flat), 0, np.nan_to_num(flat, nan=3, posinf=2, neginf=1)).tobytes()


def failure_code(e: Evidence) -> int:
    """0 for arrays, else a number for the failure's kind and exception."""
    if e.failure is None:
        return 0
    first = e.failure.reason.split(" ")[0] if e.failure.kind == "exception" else ""
    return zlib.crc32(f"{e.failure.kind}:{first}".encode()) or 1


def project(e: Evidence) -> np.ndarray:
    """(2 + PROJECTIONS,) float64: failure code, norm, and random projections of all the arrays.

    The directions come from a fixed seed and the arrays' names, dtypes and shapes. What is not
    finite counts as a large number, so that evidence with NaN still has a projection.
    """
    out = np.zeros(2 + PROJECTIONS)
    out[0] = failure_code(e)
    if e.failure is not None:
        return out
    for name in sorted(e.arrays):
        array = e.arrays[name]
        what = f"{name}:{array.dtype.name}:{array.shape}".encode()
        with np.errstate(all="ignore"):
            flat = np.nan_to_num(array.astype(np.float64).ravel(), nan=1.7e9, posinf=1.3e9, neginf=-1.1e9)
            flat = np.clip(flat, -1e100, 1e100)
        directions = np.random.default_rng([SEED, zlib.crc32(what)]).standard_normal(
            (PROJECTIONS, flat.size + 1)
        )
        # the constant entry makes an array's name and shape count even when it is all zeros
        out[2:] += directions @ np.append(flat, 1.0)
        out[1] += float(flat @ flat)
    out[1] = np.sqrt(out[1])
    return out


def projections_equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two projections are of the same evidence, within RTOL of its norm."""
    return a.shape == b.shape and a[0] == b[0] and bool((np.abs(a - b) <= ATOL + RTOL * b[1]).all())
