"""Optimisers against their formulas written out, schedules, and going on from a saved state."""

import copy
import math

import numpy as np
import pytest

from minigrad import Tensor, optim
from minigrad.nn import Linear, Parameter, Sequential

TARGET = np.array([[1.0, -2.0], [3.0, 0.5]])
START = np.array([[0.3, 0.1], [-0.2, 0.4]])


def path(make, steps=50, dtype=np.float64):
    """The values of a parameter on the way to TARGET, with gradients that vary."""
    p = Parameter(START.astype(dtype))
    optimizer, values = make([p]), []
    for n in range(steps):
        optimizer.zero_grad()
        ((p - TARGET.astype(dtype)) ** 2 * (1 + n % 3)).sum().backward()
        optimizer.step()
        values.append(p.data.copy())
    return np.array(values)


def reference(update, steps=50):
    x, state, values = START.copy(), {}, []
    for n in range(steps):
        g = 2 * (x - TARGET) * (1 + n % 3)
        x = update(n + 1, x, g, state)
        values.append(x.copy())
    return np.array(values)


def sgd(lr, momentum=0.0, nesterov=False, decay=0.0):
    def update(n, x, g, s):
        g = g + decay * x
        s["v"] = momentum * s.get("v", 0) + g
        return x - lr * (g + momentum * s["v"] if nesterov else s["v"])

    return update


def rmsprop(lr, decay=0.99, eps=1e-8, weight=0.0):
    def update(n, x, g, s):
        g = g + weight * x
        s["s"] = decay * s.get("s", 0) + (1 - decay) * g**2
        return x - lr * g / (np.sqrt(s["s"]) + eps)

    return update


def adam(lr, b1=0.9, b2=0.999, eps=1e-8, weight=0.0, decoupled=False):
    def update(n, x, g, s):
        if decoupled:
            x = x * (1 - lr * weight)
        else:
            g = g + weight * x
        s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
        s["s"] = b2 * s.get("s", 0) + (1 - b2) * g**2
        return x - lr * (s["m"] / (1 - b1**n)) / (np.sqrt(s["s"] / (1 - b2**n)) + eps)

    return update


CASES = [
    (lambda p: optim.SGD(p, 0.01), sgd(0.01)),
    (lambda p: optim.SGD(p, 0.01, momentum=0.9), sgd(0.01, 0.9)),
    (lambda p: optim.SGD(p, 0.01, momentum=0.9, nesterov=True), sgd(0.01, 0.9, True)),
    (lambda p: optim.SGD(p, 0.01, momentum=0.8, weight_decay=0.1), sgd(0.01, 0.8, decay=0.1)),
    (lambda p: optim.RMSprop(p, 0.02), rmsprop(0.02)),
    (lambda p: optim.RMSprop(p, 0.02, decay=0.9, eps=1e-3, weight_decay=0.1), rmsprop(0.02, 0.9, 1e-3, 0.1)),
    (lambda p: optim.Adam(p), adam(0.001)),
    (lambda p: optim.Adam(p, 0.1, (0.8, 0.9), 1e-3, 0.1), adam(0.1, 0.8, 0.9, 1e-3, 0.1)),
    (lambda p: optim.AdamW(p, 0.1), adam(0.1, weight=0.01, decoupled=True)),
]


@pytest.mark.parametrize(("make", "update"), CASES)
def test_against_the_formula(make, update):
    assert np.allclose(path(make), reference(update), rtol=1e-12, atol=1e-14)
    assert path(make, dtype=np.float32).dtype == np.float32
    assert np.allclose(path(make, dtype=np.float32), reference(update), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("make", "update"), CASES)
def test_going_on_from_a_saved_state(make, update):
    def run(model, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            ((model(np.ones((2, 3))) - 1.0) ** 2).sum().backward()
            optimizer.step()

    model = Linear(3, 2, rng=np.random.default_rng(0))
    optimizer = make(model.parameters())
    run(model, optimizer, 5)
    saved, weights = optimizer.state_dict(), model.state_dict()
    run(model, optimizer, 5)
    other = Linear(3, 2)
    resumed = make(other.parameters())
    other.load_state_dict(weights)
    resumed.load_state_dict(saved)
    run(other, resumed, 5)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    )


def test_a_parameter_without_a_gradient_is_left_alone():
    a, b = Parameter(np.ones(2)), Parameter(np.ones(2))
    optimizer = optim.Adam([a, b], weight_decay=0.5)
    (a * 2.0).sum().backward()
    optimizer.step()
    assert b.data.tolist() == [1, 1]
    assert a.data[0] != 1
    optimizer.zero_grad()
    assert a.grad is None


@pytest.mark.parametrize(("make", "update"), CASES)
def test_parameters_move_alike_together_and_alone(make, update):
    """Where all have gradients they move as one; the numbers are those of each alone, to the bit."""

    def moved(together):
        rng = np.random.default_rng(0)
        ps = [Parameter(rng.standard_normal(s).astype(t)) for s, t in SHAPES]
        one = [make(ps)] if together else [make([p]) for p in ps]
        for step in range(4):
            for p in ps:
                p.grad = None if step == 2 and p.ndim == 1 else rng.standard_normal(p.shape).astype(p.dtype)
            for optimizer in one:
                optimizer.step()
        return [p.data for p in ps]

    SHAPES = [((3, 2), "d"), ((4,), "f"), ((), "d"), ((2, 1, 2), "f"), ((5,), "d")]
    for a, b in zip(moved(True), moved(False), strict=True):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)


def test_a_copied_optimiser_goes_on_by_itself():
    def step(model, optimizer):
        optimizer.zero_grad()
        (model(np.ones((1, 2))) ** 2).sum().backward()
        optimizer.step()

    model = Linear(2, 2, rng=np.random.default_rng(0))
    optimizer = optim.Adam(model.parameters(), 0.1)
    step(model, optimizer)
    other, copied = copy.deepcopy((model, optimizer))
    for _ in range(3):
        step(model, optimizer)
    assert np.array_equal(copied.state[0]["mean"], copied.state_dict()["state"][0]["mean"])
    for _ in range(3):
        step(other, copied)
    assert np.array_equal(model.W.data, other.W.data)
    assert np.array_equal(optimizer.state[0]["mean"], copied.state[0]["mean"])


def test_a_parameter_given_twice_moves_once():
    p = Parameter(np.ones(2))
    optimizer = optim.SGD([p, p], 0.5)
    p.grad = np.ones(2)
    optimizer.step()
    assert p.data.tolist() == [0.5, 0.5]


def test_a_step_makes_older_tapes_invalid():
    a = Parameter(np.ones(2))
    old = (a * a).sum()
    (a * 2.0).sum().backward()
    optim.SGD([a], 0.1).step()
    with pytest.raises(ValueError, match="changed after mul used it"):
        old.backward()


def test_a_generator_of_parameters_will_do():
    p = Parameter(np.ones(2))
    assert optim.SGD((q for q in [p]), 0.1).parameters == [p]


def test_refusals():
    p = Parameter(np.ones(2))
    with pytest.raises(ValueError, match="no parameters"):
        optim.SGD([], 0.1)
    with pytest.raises(ValueError, match="requires_grad=False"):
        optim.SGD([Tensor(np.ones(2))], 0.1)
    with pytest.raises(ValueError, match="Adam: lr is -1; it must be a finite number, at least 0"):
        optim.Adam([p], lr=-1)
    with pytest.raises(ValueError, match="nesterov needs momentum"):
        optim.SGD([p], 0.1, nesterov=True)
    saved = optim.Adam([p]).state_dict()
    with pytest.raises(ValueError, match="of 1 parameters, not 2"):
        optim.Adam([p, Parameter(np.ones(2))]).load_state_dict(saved)
    with pytest.raises(ValueError, match="another optimiser"):
        optim.RMSprop([p]).load_state_dict(saved)
    with pytest.raises(ValueError, match=r"'mean' of parameter 0 has shape \(2,\), not \(3,\)"):
        optim.Adam([Parameter(np.ones(3))]).load_state_dict(saved)


def test_what_an_optimiser_cannot_move_is_refused_with_the_remedy():
    model, w = Linear(2, 3), Parameter(np.ones((2, 2)))
    for given, kind, remedy in [
        (w, TypeError, r"got a Parameter: pass \[w\]"),
        (3.0, TypeError, r"got a float: pass \[w\]"),
        (model, TypeError, r"got a Linear: pass model.parameters\(\)"),
        (model.parameters, TypeError, r"got a method: pass model.parameters\(\)"),
        (list(model.named_parameters()), TypeError, r"parameter 0 is a tuple, .* pass model.parameters\(\)"),
        (model.state_dict(), TypeError, r"parameter 0 is a str, .* pass model.parameters\(\)"),
        ([w, [w]], TypeError, "parameter 1 is a list, .* flat list"),
        ([w.data], TypeError, "parameter 0 is a ndarray, not a Tensor"),
        ([w, w * 1], ValueError, "parameter 1 is the result of mul, not a leaf"),
        ([(w * 1).retain_grad()], ValueError, "parameter 0 is the result of mul"),
        (list(w), ValueError, "parameter 0 is the result of getitem"),
        ([w, Tensor(1.0)], ValueError, r"parameter 1, of shape \(\), has requires_grad=False: make it with"),
        ([], ValueError, "no parameters; does the model have any"),
    ]:
        for make in (optim.SGD, optim.Adam, optim.RMSprop, optim.AdamW):
            with pytest.raises(kind, match=f"{make.__name__}: .*{remedy}"):
                make(given, 0.1)


def test_a_parameter_of_another_shape_takes_no_other_ones_part():
    a, b = Parameter(np.ones(3)), Parameter(np.ones(2))
    optimizer = optim.SGD([a, b], 1.0)
    a.data, b.data = np.ones(2), np.ones(3)
    ((a * 2.0).sum() + (b * 3.0).sum()).backward()
    with pytest.raises(ValueError, match=r"of shape \(3,\) now has shape \(2,\): make the optimiser anew"):
        optimizer.step()
    assert optimizer.steps == 0
    assert a.data.tolist() == [1, 1]


@pytest.mark.parametrize("make", [optim.Adam, optim.AdamW])
def test_a_late_first_gradient_is_a_first_step(make):
    """As in PyTorch, whose Adam counts the steps of each parameter."""
    a, b = Parameter(np.ones(2)), Parameter(np.ones(2))
    c = Parameter(np.ones(2, np.float32))  # in an arena of its own
    optimizer = make([a, c, b], lr=0.1, weight_decay=0.0)
    for _ in range(1000):
        a.grad = np.ones(2)
        optimizer.step()
    c.grad, b.grad = np.full(2, 3.0, np.float32), np.array([3.0, -1e-3])
    optimizer.step()
    assert b.data == pytest.approx([0.9, 1.1], abs=1e-5)
    assert c.data == pytest.approx([0.9, 0.9], abs=1e-5)
    assert optimizer.state_dict()["counts"] == [1001, 1, 1]
    alone = Parameter(np.ones(2))
    twin = make([alone], lr=0.1, weight_decay=0.0)
    for g in (np.array([3.0, -1e-3]), np.array([1.0, 2.0])):
        alone.grad = g
        twin.step()
    restored = make([Parameter(p.data) for p in (a, c, b)], weight_decay=0.0)
    restored.load_state_dict(optimizer.state_dict())
    for made, p in ((optimizer, b), (restored, restored.parameters[2])):
        made.zero_grad()
        p.grad = np.array([1.0, 2.0])
        made.step()
        assert p.data == pytest.approx(alone.data, rel=1e-12)


def rates(factor, steps):
    optimizer = optim.SGD([Parameter(np.ones(1))], 2.0)
    schedule, lrs = optim.Schedule(optimizer, factor), []
    for _ in range(steps):
        lrs.append(optimizer.lr)
        schedule.step()
    return lrs


def test_schedules():
    assert rates(optim.step_decay(2, 0.5), 5) == [2, 2, 1, 1, 0.5]
    assert rates(optim.cosine(4, last=0.5), 7) == pytest.approx(
        [2, *(1 + (1 + math.cos(math.pi * n / 4)) / 2 for n in (1, 2, 3)), 1, 1, 1]
    )
    assert rates(optim.warm_up(4), 6) == [0.5, 1, 1.5, 2, 2, 2]
    assert rates(optim.warm_up(2, optim.step_decay(1, 0.5)), 5) == [1, 2, 2, 1, 0.5]


def test_a_schedule_goes_on():
    optimizer = optim.SGD([Parameter(np.ones(1))], 2.0)
    schedule = optim.Schedule(optimizer, optim.step_decay(2, 0.5))
    for _ in range(3):
        schedule.step()
    other = optim.SGD([Parameter(np.ones(1))], 7.0)
    resumed = optim.Schedule(other, optim.step_decay(2, 0.5))
    resumed.load_state_dict(schedule.state_dict())
    assert other.lr == optimizer.lr == 1
    resumed.step()
    assert other.lr == 0.5


@pytest.mark.parametrize("make", [optim.SGD, optim.RMSprop, optim.Adam, optim.AdamW])
def test_a_parameter_of_no_dimensions_moves_like_any_other(make):
    scalar, vector = Parameter(np.array(0.5)), Parameter(np.array([0.5]))
    optimizer = make([scalar, vector], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (scalar * scalar + (vector * vector).sum()).backward()
        optimizer.step()
    assert type(scalar.data) is np.ndarray
    assert scalar.data == vector.data[0] < 0.5


# Groups


@pytest.mark.parametrize("make", [optim.SGD, optim.RMSprop, optim.Adam, optim.AdamW])
def test_each_group_moves_as_an_optimiser_of_its_own(make):
    a, b = Parameter(START), Parameter(START)
    twin_a, twin_b = Parameter(START), Parameter(START)
    groups = [{"params": [a], "lr": 0.5, "weight_decay": 0.1}, {"params": [b]}]
    together = make(groups, lr=0.01, weight_decay=0.3)
    alone = [make([twin_a], lr=0.5, weight_decay=0.1), make([twin_b], lr=0.01, weight_decay=0.3)]
    for step in range(4):
        for p in (a, b, twin_a, twin_b):
            p.grad = TARGET * (1 + step)
        for optimizer in (together, *alone):
            optimizer.step()
        if step == 1:
            together.groups[1].lr = alone[1].lr = 0.2
    assert np.array_equal(a.data, twin_a.data)
    assert np.array_equal(b.data, twin_b.data)
    assert together.parameters == [a, b]


def test_the_rate_of_all_groups_and_of_one():
    a, b = Parameter(START), Parameter(START)
    optimizer = optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.1)
    with pytest.raises(ValueError, match=r"SGD: the groups differ in lr: read groups\[i\]\.lr"):
        optimizer.lr  # noqa: B018
    schedule = optim.Schedule(optimizer, optim.step_decay(1, 0.5))
    schedule.step()
    assert [group.lr for group in optimizer.groups] == [0.25, 0.05]
    saved = optimizer.state_dict(), schedule.state_dict()
    optimizer.lr = 7
    assert optimizer.lr == 7.0
    assert optimizer.weight_decay == 0
    with pytest.raises(ValueError, match="SGD: lr is nan; it must be a finite number, at least 0"):
        optimizer.lr = math.nan
    optimizer.load_state_dict(saved[0])
    assert [group.lr for group in optimizer.groups] == [0.25, 0.05]
    schedule.load_state_dict(saved[1])
    schedule.step()
    assert [group.lr for group in optimizer.groups] == [0.125, 0.025]
    single = optim.SGD([a, b], 0.1)
    with pytest.raises(ValueError, match="saved state is of 2 groups, not 1"):
        single.load_state_dict(saved[0])
    with pytest.raises(ValueError, match="saved of 2 groups, not 1"):
        optim.Schedule(single, optim.cosine(3)).load_state_dict(saved[1])
    assert single.lr == 0.1


def test_groups_that_are_none_are_named():
    p, q = Parameter(START), Parameter(START)
    for given, kind, says in [
        ([{"params": [p]}, {"params": [p]}], ValueError, "a parameter is in two groups"),
        ([{"params": [p]}, q], ValueError, r"SGD, group 1: it is a Parameter of shape \(2, 2\); a group is"),
        ([{"parameters": [p]}], ValueError, "SGD, group 0: it has the keys parameters; a group is a dict of"),
        ([{"params": [p], "momentum": 1}], ValueError, "group 0: it has the keys params, momentum"),
        ([{"params": []}], ValueError, "SGD, group 0: no parameters"),
        ([{"params": p}], TypeError, "SGD, group 0: parameters must be a list of Tensors"),
        ([{"params": [p], "lr": -1}], ValueError, "SGD, group 0: lr is -1"),
        ([p, {"params": [q]}], TypeError, "SGD: parameter 1 is a dict"),
    ]:
        with pytest.raises(kind, match=says):
            optim.SGD(given, 0.1)


# Frozen, of another precision


def test_frozen_parameters_stay_and_the_others_move():
    model = Sequential(Linear(2, 2), Linear(2, 1))
    model.layers[0].W = Parameter(np.ones((2, 2)), requires_grad=False)
    optimizer = optim.SGD(model.parameters(), 0.1, weight_decay=0.5)
    before = model.state_dict()
    model(Tensor(np.ones((1, 2)))).sum().backward()
    optimizer.step()
    moved = {name for name, array in model.state_dict().items() if not np.array_equal(array, before[name])}
    assert moved == {"layers.0.b", "layers.1.W", "layers.1.b"}
    optimizer.zero_grad()
    frozen = model.layers[0].W
    Tensor.__init__(frozen, frozen.data, requires_grad=True)  # as in PyTorch, it moves from now on
    model(Tensor(np.ones((1, 2)))).sum().backward()
    optimizer.step()
    assert not np.array_equal(frozen.data, before["layers.0.W"])
    model.layers[0].W = Parameter(np.ones((2, 2)), requires_grad=False)
    with pytest.raises(ValueError, match="SGD: no parameter moves: all of them are frozen"):
        optim.SGD([model.layers[0].W], 0.1)


@pytest.mark.parametrize("make", [optim.SGD, optim.RMSprop, optim.Adam, optim.AdamW])
def test_a_gradient_of_another_precision_moves_as_one_of_its_own(make):
    start, g = START.astype(np.float32), np.random.default_rng(0).standard_normal((20, 2, 2))
    for together in (True, False):
        given, own = Parameter(start), Parameter(start)
        for p, dtype in ((given, np.float64), (own, np.float32)):
            optimizer = make([p, Parameter(np.ones(2, np.float32))], lr=0.1)
            for step in range(20):
                p.grad = g[step].astype(np.float32).astype(dtype)
                optimizer.parameters[1].grad = np.ones(2, np.float32) if together else None
                optimizer.step()
            assert optimizer.state_dict()["counts"] == [20, 20 * together]
        assert given.dtype == np.float32
        assert np.array_equal(given.data, own.data)


# What is said of a wrong call


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda p: optim.SGD(p, "0.1"), "SGD: lr is '0.1'; it must be a finite number, at least 0"),
        (lambda p: optim.SGD(p, None), "SGD: lr is None"),
        (lambda p: optim.SGD(p, math.nan), "SGD: lr is nan"),
        (lambda p: optim.SGD(p, math.inf), "SGD: lr is inf"),
        (lambda p: optim.SGD(p, True), "SGD: lr is True"),
        (lambda p: optim.SGD(p, Tensor(0.1)), r"SGD: lr is a Tensor of shape \(\)"),
        (lambda p: optim.SGD(p, np.ones(2)), r"SGD: lr is an array of shape \(2,\)"),
        (lambda p: optim.SGD(p, optim.cosine(3)), r"lr is a function; .* Schedule\(optimizer, factor\)"),
        (
            lambda p: optim.SGD(p, optim.Schedule(optim.SGD(p, 1), optim.cosine(3))),
            "lr is a Schedule; .* a n",
        ),
        (lambda p: optim.SGD(p, 0.1, momentum=-1), "SGD: momentum is -1; it must be a finite number, at le"),
        (lambda p: optim.SGD(p, 0.1, weight_decay="x"), "SGD: weight_decay is 'x'"),
        (lambda p: optim.RMSprop(p, decay=1), "RMSprop: decay is 1; .* at least 0 and below 1"),
        (lambda p: optim.RMSprop(p, eps=-1), "RMSprop: eps is -1"),
        (
            lambda p: optim.Adam(p, 0.1, 0.9),
            r"Adam: betas is 0.9; it must be two numbers, such as \(0.9, 0.99",
        ),
        (lambda p: optim.AdamW(p, 0.1, (0.9, 1.0)), "AdamW: each of betas is 1.0; .* below 1"),
        (lambda p: optim.Adam(p, 0.1, eps=math.nan), "Adam: eps is nan"),
        (
            lambda p: optim.SGD((q for q in []), 0.1),
            "SGD: no parameters; .* A generator gives them only once",
        ),
        (
            lambda p: optim.Schedule(p, optim.cosine(3)),
            "Schedule: optimizer is a list; it must be an optimiser",
        ),
        (
            lambda p: optim.Schedule(optim.SGD(p, 0.1), 0.9),
            "factor is 0.9; it must be a function, such as step",
        ),
        (lambda p: optim.Schedule(optim.SGD(p, 0.1), lambda n: -1.0), r"Schedule: factor\(0\) is -1.0"),
        (lambda p: optim.Schedule(optim.SGD(p, 0.1), lambda n: None), r"Schedule: factor\(0\) is None"),
        (lambda p: optim.step_decay(0), "step_decay: every is 0; it must be a whole number, at least 1"),
        (lambda p: optim.step_decay(2, -1), "step_decay: factor is -1"),
        (lambda p: optim.cosine(2.5), "cosine: steps is 2.5; it must be a whole number"),
        (lambda p: optim.cosine(3, "x"), "cosine: last is 'x'"),
        (lambda p: optim.warm_up(-1), "warm_up: steps is -1; it must be a whole number, at least 0"),
        (lambda p: optim.warm_up(1, 0.9), "warm_up: then is 0.9; it must be a function, such as cosine"),
        (
            lambda p: optim.SGD(p, 0.1).load_state_dict({"W": 1}),
            r"SGD: this is no state of an optimiser: pass",
        ),
        (lambda p: optim.SGD(p, 0.1).load_state_dict(None), "SGD: this is no state of an optimiser"),
        (
            lambda p: optim.Schedule(optim.SGD(p, 1), optim.cosine(3)).load_state_dict({}),
            "no state of a sched",
        ),
    ],
)
def test_a_wrong_call_is_told_what_is_wanted(call, says):
    with pytest.raises((TypeError, ValueError), match=says):
        call([Parameter(np.ones(2))])


def test_a_state_that_does_not_fit_changes_nothing():
    optimizer = optim.Adam([Parameter(np.ones(2)), Parameter(np.ones(3))])
    saved = optimizer.state_dict()
    saved["state"][0]["mean"][...] = 5
    with pytest.raises(ValueError, match="saved state is of 1 parameters, not 2"):
        optimizer.load_state_dict(saved | {"counts": [1]})
    assert not optimizer.state[0]["mean"].any()
    assert optimizer.steps == 0


NO_STATES = {
    "lr": [None, 0.1, ["a"], [-1.0], [np.nan], [0.1, 0.1]],
    "steps": [None, -1, 1.5, "a", True],
    "counts": [None, 3, [-1, 0], [0, "a"], [1.5, 1], [1]],
    "shapes": [None, [(2,), (3,)], [(2,), 2], [(2,)]],
    "initial": [None, 0.1, ["a"], [-1.0], [0.1, 0.1]],
}
NO_SLOTS = [[1.0, 2.0], np.ones(2) * 1j, np.array(["a", "b"]), np.ones(3), np.array(1.0), None]


@pytest.mark.parametrize("key", [*NO_STATES, "state"])
def test_a_state_of_anything_else_is_refused_before_anything_changes(key):
    optimizer = optim.SGD([Parameter(np.ones(2)), Parameter(np.ones(()))], 1.0, momentum=0.5)
    schedule = optim.Schedule(optimizer, lambda n: 1 / (n + 1) if n < 9 else -1.0)
    other = optim.SGD(optimizer.parameters, 4.0, momentum=0.5)
    other.parameters[0].grad = np.ones(2)
    other.step()
    part = schedule if key == "initial" else optimizer
    saved = {"initial": [4.0], "steps": 3} if part is schedule else other.state_dict()
    before = [optimizer.state_dict(), schedule.state_dict()]
    slots = [[{"velocity": one}, saved["state"][1]] for one in NO_SLOTS] if key == "state" else ()
    for wrong in (*NO_STATES.get(key, [None, 3, [{}, {}], [None, None], [[], []]]), *slots):
        with pytest.raises((TypeError, ValueError), match=r"(SGD|Schedule): .*(saved|of an optimiser)"):
            part.load_state_dict({**saved, key: wrong})
        assert repr([optimizer.state_dict(), schedule.state_dict()]) == repr(before)
    with pytest.raises(ValueError, match=r"factor\(9\) is -1"):
        schedule.load_state_dict({"initial": [4.0], "steps": 9})
    assert repr([optimizer.state_dict(), schedule.state_dict()]) == repr(before)
    part.load_state_dict(saved)


def test_a_state_without_slots_is_of_parameters_of_these_shapes_too():
    saved = optim.SGD([Parameter(np.ones(2))], 0.5).state_dict()
    with pytest.raises(ValueError, match=r"SGD: saved parameter 0 has shape \(2,\), not \(2, 1\)"):
        optim.SGD([Parameter(np.ones((2, 1)))], 0.1).load_state_dict(saved)


def test_an_optimiser_shows_its_settings_and_groups():
    model = Linear(2, 3)
    optimizer = optim.SGD([{"params": [model.W], "lr": 0.5}, {"params": [model.b]}], 0.1, momentum=0.9)
    assert repr(optimizer) == "\n".join(
        (
            "SGD(momentum=0.9, nesterov=False",
            "  lr=0.5, weight_decay=0: 1 parameters of 6 numbers",
            "  lr=0.1, weight_decay=0: 1 parameters of 3 numbers",
            ")",
        )
    )
    assert repr(optim.Schedule(optimizer, optim.cosine(3))) == f"Schedule({optimizer!r}, steps=0)"
