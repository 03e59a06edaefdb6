"""fit: what it computes and records, when it stops, and that a stopped training goes on unchanged."""

import collections
import copy
import datetime
import enum
import functools
import io
import json
import os
import random
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import tests.library
from minigrad import functional, nn, optim, recording, train
from minigrad.data import Batch
from minigrad.tensor import Tensor
from minigrad.train import History, evaluate, fit, load, progress, save, saving
from minigrad.train.held import values
from minigrad.train.saving import UnfitFile
from tests import interrupts


def line(samples=50, seed=0):
    """y = 2 x_0 - x_1 + 0.5, with a little noise."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((samples, 2))
    return Batch(x, x @ [[2.0], [-1.0]] + 0.5 + 0.01 * rng.standard_normal((samples, 1)))


def linear(seed=0):
    return nn.Linear(2, 1, rng=np.random.default_rng(seed))


def quiet(model, data, **options):
    options = {"epochs": 3, "batch_size": 8, "progress": False, "loss": functional.mse, "lr": 0.1} | options
    lr = options.pop("lr")
    return fit(model, data, options.pop("loss"), optim.SGD(model.parameters(), lr=lr), **options)


def off(prediction, y):
    return np.abs(prediction.data - y).mean()


# The loop


def test_fit_learns_a_line():
    model = linear()
    history = quiet(model, line(), epochs=20)
    assert history["loss"][-1] < 0.001 < 0.1 < history["loss"][0]
    assert model.W.data.ravel() == pytest.approx([2, -1], abs=0.02)
    assert model.b.data == pytest.approx(0.5, abs=0.02)
    assert list(history["epoch"]) == list(range(1, 21))


def test_fit_makes_the_updates_that_the_loop_by_hand_makes():
    data, model, twin = line(20), linear(), linear()
    history = quiet(model, data, epochs=2, seed=5)
    optimizer = optim.SGD(twin.parameters(), lr=0.1)
    for epoch in (1, 2):
        order = np.random.default_rng([5, epoch]).permutation(20)
        losses = []
        for rows in (order[:8], order[8:16], order[16:]):
            optimizer.zero_grad()
            loss = functional.mse(twin(Tensor(data.x[rows])), data.y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item() * len(rows))
        assert history["loss"][epoch - 1] == pytest.approx(sum(losses) / 20, rel=1e-12)
    assert np.array_equal(model.W.data, twin.W.data)


def test_the_seed_decides_the_order():
    first, again, other = (quiet(linear(), line(), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_every_epoch_has_its_own_order():
    seen = []

    def loss(prediction, y):
        seen.append(y)
        return functional.mse(prediction, y)

    quiet(linear(), line(16), epochs=2, batch_size=16, loss=loss)
    assert not np.array_equal(seen[0], seen[1])
    assert np.array_equal(np.sort(seen[0], axis=0), np.sort(seen[1], axis=0))


def test_fresh_data_is_drawn_for_each_epoch():
    drawn = []

    def draw(rng):
        drawn.append(line(10, seed=rng))
        return drawn[-1]

    quiet(linear(), draw, epochs=3)
    assert len(drawn) == 3
    assert not np.array_equal(drawn[0].x, drawn[1].x)


def test_a_mask_reaches_the_loss_and_weighs_the_mean():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 4, 2)), rng.standard_normal((6, 4, 1))
    mask = np.zeros((6, 4), dtype=bool)
    mask[0], mask[1, 0] = True, True  # 4 entries in the first batch, 1 in the second, none in the third
    data = Batch(x, y, mask)
    model = linear()
    together = functional.mse(model(Tensor(x)), y, mask).item()
    scores = evaluate(model, data, functional.mse, batch_size=1)
    assert scores["loss"] == pytest.approx(together, rel=1e-12)
    history = quiet(model, data, epochs=1, batch_size=1, lr=0.0)
    assert history["loss"] == pytest.approx([together], rel=1e-12)


def test_nothing_to_answer_is_an_error():
    data = Batch(np.ones((3, 2)), np.ones((3, 1)), np.zeros((3,), dtype=bool))
    with pytest.raises(ValueError, match="no sample"):
        quiet(linear(), data)
    with pytest.raises(ValueError, match="no sample"):
        evaluate(linear(), data, functional.mse)


# Validation, metrics, modes


def test_validation_and_metrics_are_recorded():
    data, held_out = line(), line(seed=1)
    model = linear()
    history = quiet(model, data, validation=held_out, metrics={"off": off})
    assert list(history.records[-1]) == ["epoch", "loss", "off", "val_loss", "val_off"]
    prediction = model(Tensor(held_out.x)).data
    assert history["val_off"][-1] == pytest.approx(np.abs(prediction - held_out.y).mean())
    assert history["val_loss"][-1] == pytest.approx(((prediction - held_out.y) ** 2).mean())


def test_evaluation_records_nothing_and_leaves_the_mode_alone():
    modes = []

    class Watched(nn.Linear):
        def forward(self, x):
            result = super().forward(x)
            modes.append((self.training, result.requires_grad))
            return result

    model = Watched(2, 1)
    quiet(model, line(8), epochs=1, validation=line(8))
    assert modes == [(True, True), (False, False)]
    assert model.training
    model.eval()
    evaluate(model, line(8), functional.mse)
    assert not model.training


# Clipping


def test_clip_runs_between_backward_and_step():
    model = linear()
    before = model.W.data.copy()
    seen = []

    def to_zero(parameters):
        seen.append([p.grad.copy() for p in parameters])
        for p in parameters:
            p.grad[...] = 0
        return 7.0

    history = quiet(model, line(8), epochs=1, clip=to_zero)
    assert np.array_equal(model.W.data, before)
    assert len(seen) == 1
    assert all(np.any(g) for g in seen[0])
    assert history["norm"] == [7.0]
    assert "norm" not in quiet(model, line(8), epochs=1, clip=lambda parameters: None).records[0]


# Stopping


def test_patience_stops_and_leaves_the_best_parameters():
    model, states = linear(), []
    rising = iter([3.0, 2.0, 2.5, 2.1, 1.0])

    def loss(prediction, y):  # the validation loss goes 3, 2, 2.5, 2.1
        return functional.mse(prediction, y) if model.training else Tensor(next(rising))

    history = quiet(
        model,
        line(8),
        epochs=9,
        loss=loss,
        validation=line(8),
        patience=2,
        callback=lambda history: states.append(model.state_dict()),
    )
    assert list(history["val_loss"]) == [3.0, 2.0, 2.5, 2.1]
    assert np.array_equal(model.W.data, states[1]["W"])
    assert not np.array_equal(states[1]["W"], states[3]["W"])


def test_patience_without_validation_watches_the_training_loss():
    values = iter([3.0, 1.0, 2.0, 2.0, 2.0])

    def loss(prediction, y):
        return prediction.sum() * 0.0 + next(values)

    assert len(quiet(linear(), line(8), epochs=9, loss=loss, patience=2)) == 4


def test_patience_survives_a_validation_loss_that_is_nan():
    model, values = linear(), iter([np.nan, 1.0, np.nan, np.nan, np.nan])

    def loss(prediction, y):
        return functional.mse(prediction, y) if model.training else Tensor(next(values))

    assert len(quiet(model, line(8), epochs=9, loss=loss, patience=2, validation=line(8))) == 4


def test_a_nan_stops_with_a_word_and_moves_nothing():
    model, factors = linear(), iter([1.0, 1.0, np.nan])
    states = []

    def loss(prediction, y):
        return functional.mse(prediction, y) * next(factors)

    with pytest.warns(
        RuntimeWarning, match="fit stopped in epoch 3 after 0 steps: the loss is NaN; a smaller lr"
    ):
        history = quiet(
            model, line(8), epochs=9, loss=loss, callback=lambda h: states.append(model.state_dict())
        )
    assert len(history) == 2
    assert np.array_equal(model.W.data, states[1]["W"])


def test_ctrl_c_keeps_history_best_parameters_and_modes():
    model, states = nn.Sequential(linear(), nn.Dropout(0.1)), []
    model.eval()
    validation = iter([3.0, 1.0, 2.0])

    def loss(prediction, y):
        return functional.mse(prediction, y) if model.training else Tensor(next(validation))

    def callback(history):
        states.append(model.state_dict())
        if len(history) == 3:
            raise KeyboardInterrupt

    options = {"loss": loss, "callback": callback, "patience": 5, "validation": line(8)}
    with pytest.warns(RuntimeWarning, match="fit stopped in epoch 4 after 0 steps: it was interrupted"):
        history = quiet(model, line(8), epochs=9, **options)
    assert list(history["val_loss"]) == [3.0, 1.0, 2.0]
    for name, array in model.state_dict().items():
        assert np.array_equal(array, states[1][name])
        assert np.array_equal(history.last[name], states[2][name])
    assert not any(m.training for m in model.modules())


def test_a_part_in_eval_mode_stays_so():
    modes = []

    class Watched(nn.Linear):
        def forward(self, x):
            modes.append([m.training for m in model.modules()])
            return super().forward(x)

    model = nn.Sequential(Watched(2, 1), nn.Dropout(0.5).eval())
    quiet(model, line(8), epochs=2, validation=line(8))
    assert modes == [[True, True, False], [False] * 3] * 2
    assert [m.training for m in model.modules()] == [True, True, False]
    model.eval()
    modes.clear()
    quiet(model, line(8), epochs=1)
    assert modes == [[True] * 3]
    assert [m.training for m in model.modules()] == [False] * 3
    with pytest.raises(ZeroDivisionError):
        quiet(model, line(8), loss=lambda prediction, y: 1 / 0)
    assert not model.training


def test_a_callback_sees_each_epoch_and_may_stop():
    seen = []

    def callback(history):
        seen.append(len(history))
        return len(history) == 2

    assert len(quiet(linear(), line(), epochs=5, callback=callback)) == 2
    assert seen == [1, 2]


# Going on


class Noisy(nn.Module):
    """Two random layers that share a generator, and one of its own."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.layers = [nn.Linear(2, 8, rng=rng), nn.Dropout(0.5, rng=rng), nn.Linear(8, 1, rng=rng)]
        self.last = nn.Dropout(0.1, rng=np.random.default_rng(99))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.last(x)


def parts(seed):
    model = Noisy(seed)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return model, optimizer, optim.Schedule(optimizer, optim.step_decay(2, 0.5))


def run(model, optimizer, schedule, epochs, history=None, path=None):
    def callback(history):
        schedule.step()
        if path is not None:
            save(path, history, model, optimizer, schedule)

    options = {"validation": line(20, seed=3), "patience": 9, "callback": callback, "progress": False}
    return fit(model, line(), functional.mse, optimizer, epochs=epochs, history=history, **options)


def test_a_stopped_training_goes_on_to_the_same_numbers(tmp_path):
    whole = parts(0)
    straight = run(*whole, epochs=6)
    run(*parts(0), epochs=3, path=tmp_path / "run.npz")
    resumed = parts(1)  # different weights and generators: all that matters is in the file
    history = load(tmp_path / "run.npz", *resumed)
    assert len(history) == 3
    went_on = run(*resumed, epochs=6, history=history)
    assert went_on == straight
    for name, array in whole[0].state_dict().items():
        assert np.array_equal(array, resumed[0].state_dict()[name])
    for name, array in straight.best.items():
        assert np.array_equal(array, went_on.best[name])
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


class Restless(nn.Module):
    """State wherever a module may keep it; each part of it changes what is learned."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.linear = nn.Linear(2, 1, rng=rng)
        self.mean, self.calls, self.state = np.zeros(2), 0, Tensor(np.zeros(1))
        self.noises = [np.random.default_rng(seed + 1), {"deep": (np.random.default_rng(seed + 2),)}]
        closed, default = np.random.default_rng(seed + 3), np.random.default_rng(seed + 4)
        self.functions = [lambda: closed.random(), lambda rng=default: rng.random(), closed.random]
        self.object = SimpleNamespace(rng=np.random.default_rng(seed + 5), factor=1.0)

    def forward(self, x):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.data.mean(0)
            self.calls += 1
            self.state += 0.1
            self.object.factor *= 0.99
            draws = [self.noises[0], self.noises[1]["deep"][0], self.object.rng]
            noise = sum(rng.random() for rng in draws) + sum(f() for f in self.functions)
            x = x + 0.01 * noise * self.object.factor
        return self.linear(x - self.mean) + self.state * 0.01 * (self.calls % 3)


def restless(seed):
    model = Restless(seed)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return model, optimizer, optim.Schedule(optimizer, optim.step_decay(2, 0.5))


def test_all_that_a_module_holds_goes_on(tmp_path):
    whole = restless(0)
    straight = run(*whole, epochs=6)
    run(*restless(0), epochs=3, path=tmp_path / "run.npz")
    resumed = restless(100)
    went_on = run(*resumed, epochs=6, history=load(tmp_path / "run.npz", *resumed))
    assert went_on == straight
    a, b = whole[0], resumed[0]
    assert (a.calls, a.object.factor, a.state.data) == (b.calls, b.object.factor, b.state.data)
    assert [f() for f in a.functions] == [f() for f in b.functions]


@pytest.mark.parametrize("stop", ["epochs", "callback"])
def test_after_the_best_epoch_was_restored_it_goes_on_with_the_last(tmp_path, stop):
    def noisy(n):  # a validation loss whose best is early
        values = iter([1.0, 3.0, 2.0, 4.0, 0.5, 6.0][n:])
        return lambda prediction, y: (
            functional.mse(prediction, y) if prediction.requires_grad else Tensor(next(values))
        )

    def train_to(made, epochs, n=0, history=None):
        model, optimizer, _ = made
        enough = epochs if stop == "callback" else 99
        return fit(
            model,
            line(),
            noisy(n),
            optimizer,
            epochs=6 if stop == "callback" else epochs,
            patience=9,
            validation=line(8),
            history=history,
            progress=False,
            callback=lambda h: len(h) == enough,
        )

    whole, parted = restless(0), restless(0)
    straight = train_to(whole, 6)
    history = train_to(parted, 3)
    assert not np.array_equal(history.last["linear.W"], parted[0].linear.W.data), "that of the best epoch"
    assert np.array_equal(history.best["mean"], parted[0].mean)
    save(tmp_path / "run.npz", history, *parted)
    loaded = restless(7)
    for made, told in [(loaded, load(tmp_path / "run.npz", *loaded)), (parted, history)]:
        assert train_to(made, 6, 3, told) == straight
        for name, array in whole[0].state_dict().items():
            assert np.array_equal(array, made[0].state_dict()[name])


GLOBAL = np.random.default_rng(3)


class Mode(enum.Enum):
    FAST, SLOW = 1, 2


class Slotted:
    __slots__ = ("rng",)

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (np.random.RandomState(0), r"Module.held is a RandomState, .* use np.random.default_rng"),
        ([iter([1])], r"Module.held.0 is a list_iterator, .* keep a"),
        ({"a": {1, 2}}, r"Module.held.a is a set, .* keep a list"),
        (Tensor(1.0, True) * 2, r"Module.held is a recorded tensor .* keep Module.held.detach\(\)"),
        (np.random.RandomState(0).rand, r"Module.held \(self\) is a RandomState"),
        (1 + 2j, r"Module.held is a complex, .* keep .* an array"),
        ([b"ab"], r"Module.held.0 is a bytes"),
        ((1, datetime.date(2026, 1, 2)), r"Module.held.1 is a date"),
        ({"a": frozenset([1])}, r"Module.held.a is a frozenset"),
        (Mode.SLOW, r"Module.held is a Mode"),
        (slice(3), r"Module.held is a slice"),
        (np.datetime64("2026-01-02"), r"Module.held is a datetime64"),
        (Slotted(0), r"Module.held is a Slotted"),
    ],
)
def test_what_cannot_be_saved_is_named(tmp_path, held, says):
    model = nn.Module()
    model.held = held
    with pytest.raises(ValueError, match=says):
        save(tmp_path / "run.npz", History(), model)
    assert not list(tmp_path.iterdir())


GROWN = [
    ([], [1.0, 2.0]),
    ([], [("epoch", 1), {"loss": [0.5], (1, 2): None}]),
    ([1, 2, 3], [1]),
    ({}, {"a": [1], 2: "b"}),
    (None, [1.0]),
    (None, np.arange(3.0)),
    (None, np.float32(0.1)),
    (0, None),
    ([], [np.ones(2), np.zeros((2, 2))]),
    ([np.zeros(2)], [np.ones(2), "end"]),
    ([], [Tensor([1.0, 2.0])]),
    ((1,), (2, np.complex128(1 + 2j), "c")),
    ([[nn.Linear(1, 1), []]], [[nn.Linear(1, 1), [True]]]),
]


def told(value):
    """A value with its types, to compare."""
    if isinstance(value, nn.Module):
        return type(value)
    if isinstance(value, dict):
        return [(key, told(one)) for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [told(one) for one in value]
    return type(value), repr(value)


@pytest.mark.parametrize(("fresh", "grown"), GROWN)
def test_what_grew_or_came_later_is_loaded_into_a_fresh_model(tmp_path, fresh, grown):
    model, other = nn.Module(), nn.Module()
    model.held, other.held = grown, copy.deepcopy(fresh)
    before = other.held
    save(tmp_path / "run.npz", History(), model)
    load(tmp_path / "run.npz", other)
    assert told(other.held) == told(grown)
    assert other.held is before or type(fresh) not in (list, dict), "others may hold it too"


def test_an_array_in_a_list_is_filled_where_it_is(tmp_path):
    model, other = nn.Module(), nn.Module()
    model.mean, other.mean = np.ones(2), np.zeros(2)
    model.all, other.all = [model.mean, 1], [other.mean]
    save(tmp_path / "run.npz", History(), model)
    load(tmp_path / "run.npz", other)
    assert other.all[0] is other.mean
    assert np.array_equal(other.mean, [1, 1])


def spoiled(path, how):
    """A file at `path` that is not what it should be."""
    if how == "folder":
        path.mkdir()
    elif how in ("half", "a byte", "no array"):
        save(path, History(({"loss": 1.0},)), nn.Linear(30, 30))
        whole = path.read_bytes()
        turned = whole.replace(b"array0", b"array9") if how == "no array" else bytearray(whole)
        if how == "a byte":
            turned[len(whole) // 2] ^= 255
        path.write_bytes(whole[: len(whole) // 2] if how == "half" else turned)
    elif how in ("npy", "other npz", "objects"):
        with open(path, "wb") as file:
            what = {"npy": np.ones(3), "other npz": np.ones(3), "objects": np.array([{}])}[how]
            np.save(file, what) if how == "npy" else np.savez(file, state=what)
    elif how == "text":
        np.savez(path, state=np.array("[1, 2]"))
    else:
        path.write_bytes({"empty": b"", "garbage": b"garbage", "zip": b"PK\x03\x04garbage"}[how])


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("folder", "is a folder: name the file"),
        ("empty", "is empty, or a part of it is missing or damaged: save again"),
        ("half", "a part of it is missing or damaged"),
        ("a byte", "a part of it is missing or damaged"),
        ("zip", "a part of it is missing or damaged"),
        ("no array", "is none that save"),
        ("garbage", "is none that save.* of this minigrad wrote"),
        ("npy", "is none that save"),
        ("other npz", "is none that save"),
        ("objects", "is none that save"),
        ("text", "is none that save"),
    ],
)
def test_a_file_that_is_none_of_ours_is_named_with_what_is_wrong(tmp_path, how, says):
    spoiled(tmp_path / "run.npz", how)
    with pytest.raises(UnfitFile, match=rf"run\.npz .*{says}"):
        load(tmp_path / "run.npz", nn.Linear(30, 30))


def test_whatever_is_damaged_the_file_is_named_and_nothing_changes(tmp_path):
    model, path = (
        nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5, np.random.default_rng(0))),
        tmp_path / "run.npz",
    )
    parts = model, optim.Adam(model.parameters())
    save(path, History(({"epoch": 1, "loss": 0.5},)), *parts)
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    before = repr([part.state_dict() for part in parts])
    told = []
    for i in range(200):
        raw, at = bytearray(whole), int(rng.integers(len(whole)))
        raw[at : at + i % 50] = () if i % 2 else rng.bytes(i % 3)
        path.write_bytes(raw)
        try:
            load(path, *parts)
        except UnfitFile as error:
            told.append(str(error))
        assert repr([part.state_dict() for part in parts]) == before
    assert len(told) > 150
    assert all(str(path) in one for one in told)


@pytest.mark.parametrize("key", ["history", "parts", "values", "generators"])
def test_a_file_with_other_things_in_it_is_named_and_nothing_changes(tmp_path, key):
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5, np.random.default_rng(0)))
    save(path := tmp_path / "run.npz", History(), model)
    with np.load(path) as file:
        arrays, state = {name: file[name] for name in file.files}, json.loads(str(file["state"]))
    model.layers[0].W.data[...] = 7
    before = repr((model.state_dict(), model.layers[1].rng.bit_generator.state))
    for wrong in (None, 3, "a", [], {"dict": []}, [None], [3], [[]], [{"dict": []}], {"array": "array9"}):
        if key != "generators" or wrong != [None]:
            arrays["state"] = np.array(json.dumps({**state, key: wrong}))
            np.savez(path, **arrays)
            with pytest.raises(UnfitFile, match=r"run\.npz is (none that|of other parts)"):
                load(path, model)
            assert repr((model.state_dict(), model.layers[1].rng.bit_generator.state)) == before


def test_a_load_that_fails_at_its_last_part_changes_none(tmp_path):
    class Failing:
        def __init__(self, error=None):
            self.error, self.n = error, 0

        def state_dict(self):
            return {"n": self.n}

        def load_state_dict(self, saved):
            self.n = saved["n"]
            if self.error and saved["n"] == 5:
                raise self.error

    def made(n, error):
        model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5, np.random.default_rng(n)))
        model.seen, model.mean, model.shift = [n, [n]], np.full(n, 1.0), Tensor([float(n)])
        failing = Failing(error)
        failing.n = n
        adam = optim.Adam(model.parameters(), lr=float(n))
        model(np.ones((1, 2))).sum().backward()
        adam.step()
        return model, adam, failing

    save(path := tmp_path / "run.npz", History(), *made(5, None))
    for error, kind in ((ValueError("no"), UnfitFile), (RuntimeError("no"), RuntimeError)):
        model, adam, failing = parts = made(3, error)
        seen = model.seen, model.seen[1]
        rng = model.layers[1].rng.bit_generator
        before = repr((*(part.state_dict() for part in parts), rng.state, model.seen, model.shift.data))
        with pytest.raises(kind, match="no"):
            load(path, *parts)
        assert (
            repr((*(part.state_dict() for part in parts), rng.state, model.seen, model.shift.data)) == before
        )
        assert model.seen is seen[0]
        assert model.seen[1] is seen[1]
        failing.error = None
        load(path, *parts)
        assert (model.seen, failing.n, adam.lr) == ([5, [5]], 5, 5.0)


def test_a_file_of_another_model_is_named(tmp_path):
    path, model = tmp_path / "run.npz", nn.Linear(3, 2)
    adam = optim.Adam(model.parameters())
    save(path, History(), model, adam)
    for others in (
        (nn.Linear(3, 4), adam),
        (adam, model),
        (model, optim.SGD(model.parameters(), 0.1)),
        (model, optim.Schedule(adam, lambda epoch: 1.0)),
        (nn.Embedding(3, 2), adam),
    ):
        with pytest.raises(UnfitFile, match=r"run\.npz is of other parts: .*; give those that it was saved"):
            load(path, *others)
    with pytest.raises(FileNotFoundError, match="none"):
        load(tmp_path / "none.npz", model)


def test_a_part_whose_state_cannot_be_written_is_named(tmp_path):
    class Counted:
        def state_dict(self):
            return {"since": [datetime.date(2026, 1, 2)]}

        def load_state_dict(self, saved):
            pass

    with pytest.raises(ValueError, match=r"save: parts\.0\.since\.0 is a date, which cannot be saved: keep"):
        save(tmp_path / "run.npz", History(), Counted())
    assert not list(tmp_path.iterdir())


def test_a_global_generator_goes_on_too(tmp_path):
    model = nn.Sequential(lambda x: x * GLOBAL.random())
    save(tmp_path / "run.npz", History(), model)
    drawn = model(1.0)
    load(tmp_path / "run.npz", model)
    assert model(1.0) == drawn


def test_a_number_of_entries_is_saved_as_any_number(tmp_path):
    model, other = nn.Module(), nn.Module()
    for one in (model, other):
        one.sizes, one.size = (Tensor(np.ones(3)).size, [Tensor(np.ones(2)).size]), Tensor(np.ones(4)).size
    other.size = 5
    train.save(tmp_path / "file", train.History(), model)
    train.load(tmp_path / "file", other)
    assert (other.sizes, other.size) == ((3, [2]), 4)


def test_load_names_attributes_that_differ(tmp_path):
    model, other = nn.Module(), nn.Module()
    model.n, other.m = 1, 2
    save(tmp_path / "run.npz", History(), model)
    with pytest.raises(ValueError, match=r"missing 'Module\.m'; unexpected 'Module\.n'"):
        load(tmp_path / "run.npz", other)


def test_a_finished_training_is_not_gone_on_with():
    model = linear()
    history = quiet(model, line(), epochs=3)
    before = model.state_dict()
    assert quiet(model, line(), epochs=3, history=history) == history
    assert np.array_equal(before["W"], model.W.data)


def test_load_refuses_other_parts(tmp_path):
    path = tmp_path / "run.npz"
    model, optimizer, _ = parts(0)
    save(path, History(), model, optimizer)
    with pytest.raises(ValueError, match="holds 2 parts, not 1"):
        load(path, model)
    with pytest.raises(ValueError, match="holds 2 generators, not 0"):
        load(path, linear(), optimizer)


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    model = linear()
    save(path, History(({"epoch": 1, "loss": 1.0},)), model)

    def broken(file, **_):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(train.np, "savez", broken)
    with pytest.raises(OSError, match="disk full"):
        save(path, History(), model)
    monkeypatch.undo()
    assert len(load(path, model)) == 1
    assert os.listdir(tmp_path) == ["run.npz"]


# History


def test_a_history_gives_columns_and_plots():
    history = History(({"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}))
    assert np.array_equal(history["loss"], [2, 1])
    with pytest.raises(KeyError, match="no 'accuracy'; it has epoch, loss"):
        history["accuracy"]
    assert json.dumps(history.records)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    (axes,) = history.plot()
    assert np.array_equal(axes.lines[0].get_ydata(), [2, 1])
    matplotlib.pyplot.close("all")


# Progress


def test_without_a_terminal_progress_is_about_ten_lines_on_stdout(capsys):
    quiet(linear(), line(), epochs=40, progress=True)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 10
    assert out.splitlines()[-1].startswith("epoch 40/40: loss ")
    assert err == ""
    quiet(linear(), line(), epochs=2)
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_progress_is_a_bar(monkeypatch, capsys):
    pytest.importorskip("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    history = quiet(linear(), line(), epochs=2)
    quiet(linear(), line(), epochs=4, history=history, progress=True)
    assert "4/4" in terminal.getvalue()
    assert "loss " in terminal.getvalue()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("absent", ["tqdm", "ipywidgets"])
def test_without_tqdm_or_widgets_there_is_text(monkeypatch, capsys, absent):
    if absent == "tqdm":
        monkeypatch.setitem(sys.modules, "tqdm", None)
        monkeypatch.setattr(sys, "stderr", Terminal())
    else:
        notebook = SimpleNamespace(kernel=object())
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: notebook))
        monkeypatch.setattr(progress.importlib.util, "find_spec", lambda name: None)
    quiet(linear(), line(), epochs=2, progress=True)
    assert capsys.readouterr().out.startswith("epoch 1/2: loss ")


def test_in_a_notebook_progress_is_tqdms_widget(monkeypatch):
    notebook = pytest.importorskip("tqdm.notebook")
    pytest.importorskip("ipywidgets")
    monkeypatch.setitem(
        sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    )
    bar = progress._bar_class()
    assert issubclass(bar, notebook.tqdm)
    assert bar.monitor_interval == 0  # else tqdm starts a thread


@pytest.mark.parametrize(
    ("option", "count"),
    [("epochs", 0), ("batch_size", -1), ("patience", 0)],
)
def test_silly_arguments_are_named(option, count):
    with pytest.raises(ValueError, match=f"fit: {option} is {count}; it must be a whole number, at least 1"):
        quiet(linear(), line(), **{option: count})


# What draws, wherever it is kept


class Sampler:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def draw(self):
        return self.rng.random()


class ByClass(nn.Module):
    rng = np.random.default_rng(5)

    def forward(self, x):
        return x + self.rng.random()


class ByMethod(nn.Module):
    def forward(self, x):
        return x + self.noise() + self.other + sum(self.many)

    def noise(self):
        return GLOBAL.random()

    @property
    def other(self):
        return SAMPLER.draw()

    @property
    def many(self):
        return [tests.library.RNG.random() for _ in range(2)] + [(lambda: GLOBAL.random())()]


SAMPLER = Sampler(9)


def drawing(kind, seed):
    """A module that draws in each call, from a generator that lies somewhere else for each kind."""
    rng, sampler, slotted = np.random.default_rng(seed), Sampler(seed), Slotted(seed)
    deep = functools.partial(lambda a, b: a + b["rng"].random(), b={"rng": rng})
    return {
        "list": lambda: nn.Sequential(lambda x, held=[rng]: x + held[0].random()),
        "closure of a closure": lambda: nn.Sequential((lambda f: lambda x: x + f())(lambda: rng.random())),
        "partial": lambda: nn.Sequential(deep),
        "bound method": lambda: nn.Sequential(lambda x, f=sampler.draw: x + f()),
        "object": lambda: nn.Sequential(lambda x: x + sampler.draw()),
        "slots": lambda: nn.Sequential(lambda x: x + slotted.rng.random()),
        "dropout": lambda: nn.Sequential(nn.Linear(1, 9), nn.Dropout(0.5, rng=rng)),
        "class": ByClass,
        "methods": ByMethod,
    }[kind]()


@pytest.mark.parametrize(
    "kind",
    [
        "list",
        "closure of a closure",
        "partial",
        "bound method",
        "object",
        "slots",
        "dropout",
        "class",
        "methods",
    ],
)
def test_what_draws_goes_on_wherever_it_is_kept(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(tests.library, "RNG", np.random.default_rng(4), raising=False)
    x, model, other = Tensor([[1.0]]), drawing(kind, 0), drawing(kind, 1)
    model(x)
    save(tmp_path / "run.npz", History(), model)
    drawn = [model(x).data for _ in range(3)]
    load(tmp_path / "run.npz", other)
    again = [other(x).data for _ in range(3)]
    assert all(np.array_equal(a, b) for a, b in zip(drawn, again, strict=True))
    assert not np.array_equal(drawn[0], drawn[1]), "it does draw"


def counting():
    calls = 0

    def forward(x):
        nonlocal calls
        calls += 1
        return x * calls

    return forward


def counting_globally(x):
    global CALLS
    CALLS += 1
    return x * CALLS


CALLS = 0


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (lambda x: x * np.random.rand(), r"Module\.held \(self\) is a RandomState, .*default_rng"),
        (lambda x: x * random.random(), r"Module\.held \(self\) is a Random, .*default_rng"),
        (counting(), r"Module\.held \(calls\) is assigned to by a function .* keep it as an attribute"),
        (counting_globally, r"Module\.held \(CALLS\) is assigned to by a function"),
        (functools.partial(np.multiply, iter([1])), r"Module\.held \(.*\) is a list_iterator, .* keep a"),
        (collections.deque([1]), r"Module\.held is a deque, .* keep a list"),
    ],
)
def test_what_draws_or_counts_out_of_reach_is_named(tmp_path, held, says):
    model = nn.Module()
    model.held = held
    with pytest.raises(ValueError, match=says):
        save(tmp_path / "run.npz", History(), model)
    assert not list(tmp_path.iterdir())


def test_what_was_drawn_at_the_start_is_not_asked_for(tmp_path):
    class Drawn(nn.Module):
        def __init__(self):
            self.W = nn.Parameter(np.random.rand(2))
            self.frozen = nn.Parameter(np.ones(2), requires_grad=False)

        def forward(self, x):
            return np.random.default_rng(0).random() + x * self.W + later

    model = Drawn()
    assert "Drawn.frozen" not in values(model), "state_dict has it"
    save(tmp_path / "run.npz", History(), model)
    model.frozen.data[...] = 3
    load(tmp_path / "run.npz", model)
    assert model.frozen.data.tolist() == [1, 1]
    later = 0.0
    assert model(Tensor(1.0)).shape == (2,)


# By steps, messages, stopping within an epoch


def test_a_schedule_may_go_by_steps():
    model, seen = linear(), []
    optimizer = optim.SGD(model.parameters(), 0.1)
    schedule = optim.Schedule(optimizer, optim.warm_up(4))

    def clip(parameters):
        seen.append(optimizer.lr)

    fit(
        model,
        line(16),
        functional.mse,
        optimizer,
        epochs=3,
        batch_size=8,
        clip=clip,
        schedule=schedule,
        progress=False,
    )
    assert seen == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.1])
    assert schedule.steps == 6


@pytest.mark.parametrize("error", [KeyboardInterrupt, "nan"])
def test_stopping_within_an_epoch_says_after_which_step(error):
    model, calls, states = nn.Sequential(linear(), nn.Dropout(0.5).eval()), [], []

    def loss(prediction, y):
        calls.append(len(calls))
        if len(calls) == 12 and error is KeyboardInterrupt:
            states.append(model.state_dict())
            raise KeyboardInterrupt
        return functional.mse(prediction, y) * (np.nan if len(calls) == 12 else 1.0)

    why = "it was interrupted" if error is KeyboardInterrupt else "the loss is NaN"
    with pytest.warns(RuntimeWarning, match=f"fit stopped in epoch 2 after 4 steps: {why}"):
        history = quiet(model, line(56), epochs=9, loss=loss)
    assert len(history) == 1
    assert [m.training for m in model.modules()] == [True, True, False]
    for state in states:
        assert np.array_equal(model.state_dict()["layers.0.W"], state["layers.0.W"]), "the updates stay"


@pytest.mark.filterwarnings("ignore:fit stopped:RuntimeWarning")
def test_an_interrupt_leaves_nobody_in_no_grad_whatever_the_moment():
    model, data = linear(), line(4)

    def run():
        evaluate(model, data, functional.mse, metrics={"off": off})
        if len(quiet(model, data, epochs=1, validation=data)) < 1:  # fit tells of an interrupt and gives back
            raise KeyboardInterrupt

    moments = 0
    for where in interrupts.everywhere([recording], lambda: run, "c_return"):
        assert model(Tensor(data.x)).requires_grad, where
        moments += 1
    assert moments > 12


def refused(**changed):
    model = linear()
    given = {
        "model": model,
        "data": line(),
        "loss": functional.mse,
        "optimizer": optim.SGD(model.parameters(), 0.1),
        "epochs": 1,
        "progress": False,
    }
    return lambda: fit(**(given | changed))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            refused(data=(1, 2)),
            r"fit: data is a tuple; it must be a Batch, as Batch\(x, y\) makes one of arr",
        ),
        (refused(data=lambda rng: None), "fit: what data returned is None; it must be a Batch"),
        (refused(validation=lambda rng: line()), "fit: validation is a function; it must be a Batch"),
        (refused(model=nn.Linear), "fit: model is the class Linear; it must be a Module that was made"),
        (refused(loss="mse"), "fit: loss is 'mse'; it must be a function, such as functional.mse"),
        (refused(loss=lambda p, y: 1.0), r"what loss returned is 1.0; .* a Tensor, .* not of its \.data"),
        (
            refused(loss=lambda p, y: (p - y) ** 2),
            r"returned is a Tensor of shape \(32, 1\); .* of one entry",
        ),
        (refused(loss=lambda p, y: functional.mse(p.detach(), y)), "fit: the loss depends on no parameter"),
        (refused(optimizer=optim.SGD), "fit: optimizer is the class SGD; it must be an optimiser"),
        (refused(optimizer=0.1), "fit: optimizer is 0.1"),
        (
            refused(optimizer=optim.SGD(linear().parameters(), 1)),
            "the optimizer moves no parameter of this mo",
        ),
        (refused(metrics=off), "fit: metrics is a function; it must be a dict"),
        (refused(metrics={"off": 1}), r"fit: metrics\['off'\] is 1; it must be a function"),
        (refused(metrics={"loss": off}), "fit: a metric is called 'loss', as another figure is: rename it"),
        (refused(metrics={"val_a": off}), "a metric is called 'val_a'"),
        (refused(metrics={"off": lambda p, y: None}), "what off returned is None; it must be a number"),
        (refused(metrics={"off": lambda p, y: np.ones(3)}), r"what off returned is an array of shape \(3,\)"),
        (refused(clip=1.0), "fit: clip is 1.0; it must be a function, such as lambda parameters"),
        (refused(clip=lambda ps: "x"), "what clip returned is 'x'; it must be a number"),
        (refused(callback=3), "fit: callback is 3; it must be a function, such as lambda history"),
        (refused(schedule=optim.cosine(3)), "fit: schedule is a function; it must be a Schedule"),
        (refused(history=[1]), "fit: history is a list; it must be the History that fit returned"),
        (refused(epochs="3"), "fit: epochs is '3'; it must be a whole number, at least 1"),
        (refused(epochs=2.5), "fit: epochs is 2.5"),
        (refused(seed=-1), "fit: seed is -1; it must be a whole number, at least 0"),
        (refused(seed=None), "fit: seed is None"),
        (lambda: evaluate(linear(), (1, 2), functional.mse), "evaluate: data is a tuple; it must be a Batch"),
        (
            lambda: Batch([[1.0]], np.ones((1, 1))),
            "Batch: x is a list; it must be an array with a first axis",
        ),
        (lambda: Batch(np.ones(2), np.ones(())), r"Batch: y is an array of shape \(\)"),
        (lambda: save("run.npz", linear()), "save: history is a Linear; it must be a History"),
        (
            lambda: save("run.npz", History(), "run"),
            "save: part 0 is 'run'; it must be a model, an optimizer",
        ),
        (lambda: load("run.npz", nn.Linear), "load: part 0 is the class Linear; it must be a model"),
    ],
)
def test_a_wrong_call_is_told_what_is_wanted(call, says):
    with pytest.raises((TypeError, ValueError), match=says):
        call()


def test_a_loss_that_takes_no_mask_is_told_how_it_was_called():
    data = Batch(np.ones((2, 2)), np.ones((2, 1)), np.ones((2,), bool))
    with pytest.raises(TypeError) as told:
        quiet(linear(), data, loss=lambda prediction, y: functional.mse(prediction, y))
    assert told.value.__notes__ == ["fit called it as f(prediction, y, mask)"]


def test_in_a_pipe_progress_has_no_control_characters():
    pytest.importorskip("tqdm")
    program = (
        "import numpy as np\nfrom minigrad import functional, nn, optim\nfrom minigrad.data import Batch\n"
        "from minigrad.train import fit\nmodel = nn.Linear(2, 1)\n"
        "fit(model, Batch(np.ones((4, 2)), np.ones((4, 1))), functional.mse, "
        "optim.SGD(model.parameters(), 0.1), epochs=20)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    assert len(ran.stdout.splitlines()) == 10
    assert all(c.isprintable() for line in ran.stdout.split("\n") for c in line)


@pytest.mark.filterwarnings("ignore:.*is not among the parameters:UserWarning")
@pytest.mark.parametrize("grad", [True, False])
def test_a_tensor_in_place_of_a_parameter_is_named(grad):
    class Net(nn.Module):
        def __init__(self):
            self.W = Tensor(np.ones((2, 1)), requires_grad=grad)

        def forward(self, x):
            return x @ self.W

    net, another = Net(), linear()
    with pytest.raises(
        ValueError, match=r"no parameters; .* A Tensor as an attribute .* self\.W = Parameter\("
    ):
        optim.SGD(net.parameters(), 0.1)
    sgd = optim.SGD(another.parameters(), 0.1)
    says = r"Net\.W is a Tensor and no Parameter: what is to be trained is made by Parameter\("
    with pytest.raises(ValueError, match=f"fit: the model has no parameters; {says}"):
        fit(net, line(), functional.mse, sgd, epochs=1, progress=False)
    if not grad:
        net.b = nn.Parameter(np.zeros(1))  # which the loss does not use
        sgd = optim.SGD(net.parameters(), 0.1)
        with pytest.raises(ValueError, match=f"fit: the loss depends on no parameter: .* {says}"):
            fit(net, line(), functional.mse, sgd, epochs=1, progress=False)


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # of an interrupt as a `with` ends
def test_an_interrupted_save_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "run.npz"
    save(path, History(({"epoch": 1},)))
    old = path.read_bytes()
    for where in interrupts.everywhere([saving], lambda: lambda: save(path, History(({"epoch": 2},)))):
        assert os.listdir(tmp_path) == ["run.npz"], where
        assert path.read_bytes() == old, where
    assert path.read_bytes() != old, "the last one was not interrupted"
