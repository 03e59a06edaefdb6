"""Modules: names of parameters, saved states, train and eval."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.nn import Dropout, Linear, Module, Parameter, Sequential


class Net(Module):
    def __init__(self):
        self.first = Linear(2, 3, rng=np.random.default_rng(0))
        self.rest = [Linear(3, 3, bias=False), {"head": Linear(3, 1)}]
        self.scale = Parameter(np.ones(()))
        self.tied = self.first.W
        self.constant = Tensor(np.ones(3))
        self.drop = Sequential(Dropout(0.5), np.tanh)

    def forward(self, x):
        return self.first(x) * self.scale


NAMES = ["first.W", "first.b", "rest.0.W", "rest.1.head.W", "rest.1.head.b", "scale"]


def test_named_parameters():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert net.parameters()[0] is net.first.W
    assert net.num_parameters() == 6 + 3 + 9 + 3 + 1 + 1
    assert [type(m).__name__ for m in net.modules()] == [
        "Net",
        "Linear",
        "Linear",
        "Linear",
        "Sequential",
        "Dropout",
    ]


def test_train_and_eval():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())


def test_zero_grad():
    net = Net()
    net(Tensor(np.ones((1, 2)))).sum().backward()
    assert net.scale.grad is not None
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_state_dict_round_trip():
    net, other = Net(), Net()
    saved = net.state_dict()
    assert list(saved) == NAMES
    other.load_state_dict({name: array.astype(np.float32) for name, array in saved.items()})
    assert np.allclose(other.rest[0].W.data, net.rest[0].W.data, rtol=1e-6)
    assert other.rest[0].W.dtype == np.float64
    saved["scale"][...] = 5
    assert net.scale.data == 1, "state_dict is a copy"


def test_load_state_dict_names_what_is_wrong():
    net = Net()
    saved = net.state_dict()
    saved["nonsense"] = np.ones(1)
    saved["first.b"] = np.ones(4)
    del saved["scale"]
    saved["first.W"] = saved["first.W"] + 1
    before = net.first.W.data.copy()
    with pytest.raises(
        ValueError,
        match=r"Net: missing 'scale'; unexpected 'nonsense'; 'first\.b' has shape \(4,\), not \(3,\)",
    ):
        net.load_state_dict(saved)
    assert np.array_equal(net.first.W.data, before)


def test_loading_makes_older_tapes_invalid():
    net = Net()
    loss = net(Tensor(np.ones((1, 2)))).sum()
    net.load_state_dict(net.state_dict())
    with pytest.raises(ValueError, match="was changed after"):
        loss.backward()


def test_copies_share_nothing():
    net = Net()
    for other in (copy.deepcopy(net),):
        other.first.W.data[...] = 0
        assert net.first.W.data.any()
        assert other.tied is other.first.W, "tied parameters stay tied"
    linear = pickle.loads(pickle.dumps(net.first))
    assert np.array_equal(linear.W.data, net.first.W.data)
    assert isinstance(linear.W, Parameter)


class Counting(Module):
    def __init__(self):
        self.W = Parameter(np.ones(2))
        self.mean = np.zeros(2)
        self.nested = [{"counts": np.arange(3)}, Sequential(np.tanh)]
        self.tied = self.mean
        self.names = np.array(["a", "b"])


def test_arrays_are_buffers():
    net, other = Counting(), Counting()
    net.mean[...], net.nested[0]["counts"] = 5, np.arange(4) * 2
    saved = net.state_dict()
    assert list(saved) == ["W", "mean", "nested.0.counts"]
    assert [name for name, _ in net.named_parameters()] == ["W"]
    net.mean += 1
    assert saved["mean"].tolist() == [5, 5], "state_dict is a copy"
    saved["mean"] = saved["mean"].astype(np.float32)
    other.load_state_dict(saved)
    assert other.mean.tolist() == [5, 5]
    assert other.mean is other.tied
    assert other.mean.dtype == np.float64
    assert other.nested[0]["counts"].tolist() == [0, 2, 4, 6]
    other.mean.setflags(write=False)  # as the array of a recorded result is
    other.load_state_dict(saved | {"mean": np.ones(2)})
    assert other.mean.tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"Counting: missing 'mean'; missing 'nested\.0\.counts'"):
        other.load_state_dict({"W": np.ones(2)})


def test_a_buffer_in_a_tuple_keeps_its_shape():
    net = Counting()
    net.nested = (np.zeros(2),)
    net.load_state_dict(net.state_dict() | {"nested.0": np.ones(2)})
    assert net.nested[0].tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"'nested\.0' has shape \(3,\), not \(2,\)"):
        net.load_state_dict(net.state_dict() | {"nested.0": np.ones(3)})


def test_a_module_needs_a_forward():
    with pytest.raises(NotImplementedError, match="Module defines no forward"):
        Module()()


def test_a_frozen_parameter_is_saved_and_owns_its_array():
    start = np.ones(2)
    net = Module()
    net.W, net.fixed = Parameter(np.ones(2)), Parameter(start, requires_grad=False)
    assert [name for name, _ in net.named_parameters()] == ["W", "fixed"]
    net.load_state_dict({"W": np.zeros(2), "fixed": np.full(2, 7.0)})
    assert net.fixed.data.tolist() == [7, 7]
    assert start.tolist() == [1, 1], "the caller's array"
    assert not net.fixed.requires_grad
    assert Parameter([1, 2], requires_grad=False).dtype == np.int64


class NoModule:
    def __init__(self):
        self.W = Parameter(np.ones(2))


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (
            Tensor(np.ones(2), requires_grad=True),
            r"Module\.held is not among .*: make it a Parameter, self\.held = Parameter\(\.\.\.\)$",
        ),
        ([{"a": Tensor(np.ones(2), requires_grad=True)}], r"Module\.held\.0\.a is not .* a Parameter$"),
        (NoModule(), r"Module\.held is not .*: write class NoModule\(Module\)"),
        ({Parameter(np.ones(2))}, r"Module\.held is not .*: use a list"),
    ],
)
def test_what_would_not_be_trained_is_told(held, says):
    net = Module()
    net.W, net.held = Parameter(np.ones(2)), held
    with pytest.warns(UserWarning, match=says) as told:
        assert len(net.parameters()) == 1
    assert told[0].filename == __file__


def test_what_is_known_elsewhere_or_is_no_leaf_is_not_told():
    net, other = Net(), NoModule()
    other.W = net.scale  # as an optimiser among a module's attributes holds them
    net.helper, net.states = other, [Tensor(np.ones(2), requires_grad=True) * 2.0]
    net.kind, net.library, net.constant = Linear, np, Tensor(np.ones(2))
    assert [name for name, _ in net.named_parameters()] == NAMES


def test_two_parameters_of_one_name_are_refused():
    net = Module()
    net.heads = {1: Parameter(np.ones(2)), "1": Parameter(np.ones(2))}
    with pytest.raises(ValueError, match=r"Module: two parameters are named 'heads\.1': rename one"):
        net.state_dict()


def test_a_child_may_know_its_parent():
    net, around = Net(), []
    net.first.parent = net
    around.append(around)
    net.around = around
    assert [name for name, _ in net.named_parameters()] == NAMES
    net.eval()
    assert not net.rest[0].training
    assert "(parent): Net(...)" in repr(net)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (np.ones((2, 3)) * 1j, "of complex128, not float64"),
        (np.full((2, 3), "a"), "of <U1, not float64"),
        (np.full((2, 3), None), "of object, not float64"),
    ],
)
def test_other_kinds_of_numbers_are_not_loaded(wrong, says):
    net = Linear(2, 3)
    before = net.state_dict()
    with pytest.raises(ValueError, match=f"load_state_dict of Linear: 'W' is {says}"):
        net.load_state_dict({"b": np.ones(3), "W": wrong})
    assert np.array_equal(net.b.data, before["b"])
    net.load_state_dict({"W": np.ones((2, 3), int), "b": Tensor(np.ones(3), requires_grad=True)})
    assert net.b.data.tolist() == [1, 1, 1]
    counter = Module()
    counter.steps = np.zeros(1, int)
    with pytest.raises(ValueError, match="'steps' is of float64, not int64"):
        counter.load_state_dict({"steps": np.array([0.5])})


@pytest.mark.parametrize("given", [None, Linear(2, 3), [("W", 1)], "run.npz"])
def test_only_a_mapping_is_loaded(given):
    with pytest.raises(TypeError, match=r"saved is .*; it must be a dict of arrays, as state_dict\(\)"):
        Linear(2, 3).load_state_dict(given)


def test_a_module_shows_its_sizes_and_what_it_is_made_of():
    net = Net()
    net.fixed, net.rng = Parameter(np.ones(4), requires_grad=False), np.random.default_rng(0)
    net.drop.eval()
    assert repr(net) == "\n".join(
        (
            "Net(scale=(), tied=(2, 3), constant=(3,), fixed=(4,) frozen",
            "  (first): Linear(W=(2, 3), b=(3,))",
            "  (rest.0): Linear(W=(3, 3), b=None)",
            "  (rest.1.head): Linear(W=(3, 1), b=(1,))",
            "  (drop): Sequential(",
            "    (layers.0): Dropout(p=0.5)",
            "    (layers.1): tanh",
            "  )",
            ")",
        )
    )
    assert repr(Module()) == "Module()"


def test_what_belongs_to_the_class_is_told_of():
    class Shared(Module):
        W = Parameter(np.ones(2))
        layers = (Linear(1, 1, bias=False),)
        constant, size = Tensor(np.ones(2)), 3

    class Own(Shared):
        layers = ()

        def __init__(self):
            self.W = Parameter(np.ones(2))

    with pytest.warns(
        UserWarning, match=r"\.(W|layers\.0\.W) is not among .*: it belongs to the class"
    ) as told:
        assert Sequential(Shared()).parameters() == []
    assert [str(one.message).split(" ")[0] for one in told] == [
        "Sequential.layers.0.W",
        "Sequential.layers.0.layers.0.W",
    ]
    assert len(Own().parameters()) == 1


def test_a_list_of_the_class_that_fills_later_is_told_of_too():
    class Filled(Module):
        layers = []  # noqa: RUF012 (the mistake)

    net = Filled()
    assert net.parameters() == []
    net.layers.append(Parameter(np.ones(2)))
    with pytest.warns(UserWarning, match=r"Filled\.layers\.0 is not among .*: it belongs to the class"):
        assert net.parameters() == []


def test_classes_are_not_kept():
    class Passing(Module):
        shared = []  # noqa: RUF012

        def __init__(self):
            self.shared.append(self)

    assert Passing().parameters() == []
    kept = weakref.ref(Passing)
    del Passing
    gc.collect()
    assert kept() is None


def test_slots_in_which_no_parameter_would_be_found_are_refused():
    with pytest.raises(
        TypeError, match=r"^Narrow: a module's parameters .* not in __slots__: leave them out$"
    ):

        class Narrow(Module):
            __slots__ = ("W",)

    class Mixin:
        __slots__ = ("W",)

    with pytest.raises(TypeError, match=r"^Mixed: "):

        class Mixed(Mixin, Module):
            """With a slot of the other's."""

    class Empty(Module):
        __slots__ = ()

    assert Empty().parameters() == []
