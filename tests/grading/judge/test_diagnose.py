"""Known mistakes are recognised, and nothing else is."""

import numpy as np
import pytest

from minigrad.checks import Check
from minigrad.grading.judge.diagnose import (
    digest_of,
    evidence_equal,
    one_of_two,
    one_of_two_projected,
    project,
    recognise,
    recognise_projected,
)
from minigrad.grading.model import Evidence, Failure


def check(name, **kw):
    return Check(f"e.{name}", "e", 1.0, "", lambda s, r: {}, **kw)


TRAINED = check("train", replay=lambda s, a, r, h: 1.0)
CHECKS = (check("value", rtol=1e-7), check("gradient", rtol=1e-5), TRAINED)


def arrays(scale=1.0, **extra):
    rng = np.random.default_rng(0)
    return Evidence(arrays={"a": scale * rng.normal(size=(3, 4)), "b": rng.normal(size=5), **extra})


def failed(kind="exception", reason="TypeError in line 3 of your cell `e`"):
    return Evidence(failure=Failure(kind, reason))


def pair(value, gradient):
    return {"e.value": value, "e.gradient": gradient}


EXPECTED = pair(arrays(), arrays(2.0))
MUTANTS = {
    "wrong-sign": pair(arrays(-1.0), arrays(-2.0)),
    "backward-only": pair(arrays(), arrays(3.0)),
    "raises": pair(arrays(), failed()),
    "all-raise": pair(failed(), failed()),
    "nan": pair(arrays(n=np.array([np.nan, 1.0])), arrays(2.0)),
    "harmless-here": EXPECTED,
}
CASES = [
    (pair(arrays(-1.0), arrays(-2.0)), "wrong-sign"),
    (pair(arrays(-1.0 - 1e-9), arrays(-2.0 - 1e-6)), "wrong-sign"),
    (pair(arrays(), arrays(3.0)), "backward-only"),
    (pair(arrays(), failed(reason="TypeError")), "raises"),
    (pair(arrays(n=np.array([np.nan, 1.0])), arrays(2.0)), "nan"),
    (pair(arrays(-1.0), arrays(2.0)), None),
    (pair(arrays(-1.001), arrays(-2.0)), None),
    (pair(arrays(), failed(reason="KeyError in line 3 of your cell `e`")), None),
    (pair(arrays(), failed("timeout", "takes long")), None),
    (pair(failed(), failed()), None),  # no numbers: any TypeError would look like this
    (pair(arrays(n=np.array([1.0, np.nan])), arrays(2.0)), None),
    (EXPECTED, None),
]


@pytest.mark.parametrize(("observed", "name"), CASES)
def test_recognise(observed, name):
    assert recognise(CHECKS, observed, EXPECTED, MUTANTS) == name


@pytest.mark.parametrize(("observed", "name"), CASES)
def test_recognise_by_projections(observed, name):
    def projected(evidence):
        return {n: project(e) for n, e in evidence.items()}

    known = {m: projected(e) for m, e in MUTANTS.items()}
    assert recognise_projected(projected(observed), projected(EXPECTED), known) == name


def test_two_mutants_that_fit_are_none():
    twice = {**MUTANTS, "again": MUTANTS["wrong-sign"]}
    assert recognise(CHECKS, MUTANTS["wrong-sign"], EXPECTED, twice) is None


THREE = (*CHECKS[:2], check("hand"))


def three(value, gradient, hand):
    return {**pair(value, gradient), "e.hand": hand}


RIGHT = three(arrays(), arrays(2.0), arrays(3.0))
TWO = {  # by what they fail: gradients, a case by hand, or both gradients and values
    "slope": three(arrays(), arrays(-2.0), arrays(3.0)),
    "no-bias": three(arrays(), arrays(2.5), arrays(4.0)),
    "turned": three(arrays(5.0), arrays(6.0), arrays(3.0)),
    "all": three(arrays(7.0), arrays(7.0), arrays(7.0)),
    "raises": three(failed(), failed(), arrays(3.0)),
}


@pytest.mark.parametrize(
    ("observed", "mutants", "name"),
    [
        # each alone where the other does not act, and anything wrong where both do
        (three(arrays(5.0), arrays(9.0), arrays(4.0)), TWO, "turned"),
        (three(arrays(5.0), failed(), arrays(4.0)), TWO, "turned"),
        (three(arrays(5.0), arrays(2.0), arrays(4.0)), TWO, None),  # where both act, nothing is wrong
        (three(arrays(5.5), arrays(9.0), arrays(4.0)), TWO, None),  # other numbers where one acts alone
        (three(arrays(5.0), arrays(9.0), arrays(3.0)), TWO, None),  # the second does not show
        (three(failed(), arrays(9.0), arrays(4.0)), TWO, None),  # an error alone is no sign of one
        # which of two it is beside `turned` nobody knows, but `turned` it is
        (three(arrays(5.0), arrays(9.0), arrays(4.0)), {**TWO, "again": TWO["no-bias"]}, "turned"),
        # of either nobody knows
        (
            three(arrays(5.0), arrays(9.0), arrays(4.0)),
            {**TWO, "again": TWO["no-bias"], "other": TWO["turned"]},
            None,
        ),
        (RIGHT, TWO, None),
    ],
)
def test_of_two_mistakes_the_one_that_fails_first_is_told(observed, mutants, name):
    assert one_of_two(THREE, observed, RIGHT, mutants) == name
    known = {m: {n: project(e) for n, e in found.items()} for m, found in mutants.items()}
    seen, right = ({n: project(e) for n, e in found.items()} for found in (observed, RIGHT))
    assert one_of_two_projected(seen, right, known) == name


def test_trained_checks_take_no_part():
    observed = {**MUTANTS["wrong-sign"], "e.train": Evidence(score=0.3)}
    assert recognise(CHECKS, observed, EXPECTED, MUTANTS) == "wrong-sign"


def test_dtype_shape_and_names_count():
    base = Evidence(arrays={"a": np.zeros((2, 3))})
    for other in (
        Evidence(arrays={"a": np.zeros((3, 2))}),
        Evidence(arrays={"a": np.zeros((2, 3), np.float32)}),
        Evidence(arrays={"b": np.zeros((2, 3))}),
        Evidence(arrays={"a": np.zeros((2, 3)), "b": np.zeros(1)}),
    ):
        assert not evidence_equal(CHECKS[0], other, base)
        assert not np.allclose(project(other), project(base))


def test_projections_are_small_finite_and_the_same_everywhere():
    with np.errstate(all="raise"):
        p = project(Evidence(arrays={"x": np.array([np.inf, -np.inf, np.nan, 1.8e308, -1e300])}))
    assert p.shape == (10,)
    assert np.isfinite(p).all()
    known = project(Evidence(arrays={"x": np.arange(3.0)}))
    np.testing.assert_allclose(known[:4], KNOWN, rtol=1e-12)


KNOWN = [0.0, np.sqrt(5.0), 1.2398797853596124, -2.076404185352547]


def test_answers_that_differ_by_rounding_have_one_digest() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))

    def of(**arrays: np.ndarray) -> str:
        return digest_of({"square.a": Evidence(arrays)})

    assert of(y=x) == of(y=x * (1 + 1e-13))
    assert of(y=np.array([1.0, 1e-9])) == of(y=np.array([1.0, -1e-9]))
    others = (x * (1 + 1e-3), x.astype(np.float32), x.T, -x, np.where(x == x.max(), np.nan, x), 2 * x)
    assert len({of(y=x), of(z=x), *(of(y=other) for other in others)}) == 2 + len(others)
    assert of(y=np.where(x > 1, np.nan, x)) != of(y=np.where(x > 1, np.inf, x))
    assert len({of(y=np.zeros(3)), of(y=np.zeros(4)), of(y=np.full(3, -np.inf))}) == 3
    kinds = [Evidence(failure=Failure(*told)) for told in (("todo", ""), ("timeout", ""))]
    assert digest_of({"a": kinds[0]}) != digest_of({"a": kinds[1]})
