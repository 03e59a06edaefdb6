"""Modules: names of parameters, saved states, train and eval."""

import copy
import pickle

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
