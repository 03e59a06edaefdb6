"""Layers and initialisers."""

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.gradcheck import gradcheck
from minigrad.nn import Dropout, Embedding, LayerNorm, Linear, Sequential, init


def rng():
    return np.random.default_rng(0)


def test_linear():
    layer, x = Linear(3, 4, rng=rng()), Tensor(rng().standard_normal((2, 5, 3)), True)
    assert np.allclose(layer(x).data, x.data @ layer.W.data + layer.b.data)
    assert gradcheck(lambda *_: layer(x), x, layer.W, layer.b)
    assert Linear(3, 4, bias=False).b is None
    assert Linear(3, 4, dtype=np.float32)(Tensor(np.ones((1, 3), np.float32))).dtype == np.float32
    with pytest.raises(
        ValueError,
        match=r"Linear: x of shape \(2, 4\) must have 3 entries along its last axis, as W \(3, 4\) has rows",
    ):
        layer(Tensor(np.ones((2, 4))))


def test_embedding():
    layer = Embedding(5, 3, rng=rng())
    tokens = np.array([[0, 4], [4, 4]])
    assert np.array_equal(layer(tokens).data, layer.W.data[tokens])
    layer(Tensor(tokens)).sum().backward()
    assert layer.W.grad[:, 0].tolist() == [1, 0, 0, 0, 3]
    assert gradcheck(lambda W: layer(tokens), layer.W)
    for wrong in ([5], [-1]):
        with pytest.raises(IndexError, match=r"indices must lie in 0 \.\. 4"):
            layer(wrong)
    with pytest.raises(IndexError, match="needs integers, got float64"):
        layer([0.0])


def test_embedding_padding_stays_zero():
    layer = Embedding(5, 3, padding_index=2, rng=rng(), dtype=np.float32)
    y = layer([2, 1])
    assert y.dtype == np.float32
    assert y.data[0].tolist() == [0, 0, 0]
    y.sum().backward()
    assert layer.W.grad[2].tolist() == [0, 0, 0]
    assert layer.W.grad[1].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="padding_index"):
        Embedding(5, 3, padding_index=5)


def test_dropout_only_in_training():
    layer, x = Dropout(0.5, rng=rng()), Tensor(np.ones(1000))
    assert 0 < (layer(x).data == 0).mean() < 1
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match="Dropout: p"):
        Dropout(1.0)


def test_layer_norm():
    layer, x = LayerNorm(4), Tensor(rng().standard_normal((3, 4)), True)
    assert np.allclose(layer(x).data.mean(-1), 0)
    assert gradcheck(lambda *_: layer(x), x, layer.gain, layer.bias)


def test_sequential():
    layers = Sequential(Linear(2, 3, rng=rng()), Tensor.tanh, Linear(3, 1, rng=rng()))
    x = Tensor(np.ones((4, 2)))
    assert np.allclose(layers(x).data, layers.layers[2](layers.layers[0](x).tanh()).data)
    assert [name for name, _ in layers.named_parameters()] == [
        "layers.0.W",
        "layers.0.b",
        "layers.2.W",
        "layers.2.b",
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initialisers(dtype):
    assert np.abs(init.uniform((1000,), rng(), dtype, 0.5)).max() <= 0.5
    assert init.uniform((3,), rng(), dtype).dtype == dtype
    assert init.glorot((300, 500), rng(), dtype).var() == pytest.approx(2 / 800, rel=0.02)
    assert init.he((300, 500), rng(), dtype).var() == pytest.approx(2 / 300, rel=0.02)
    for shape in ((5, 5), (3, 5), (5, 3)):
        q = init.orthogonal(shape, rng(), dtype)
        assert (q.shape, q.dtype) == (shape, dtype)
        small = q @ q.T if shape[0] < shape[1] else q.T @ q
        assert np.allclose(small, np.eye(min(shape)), atol=1e-5)


def test_orthogonal_is_uniform():
    """Over many draws every entry has mean 0; QR without the signs would give a negative diagonal."""
    draws = np.mean([init.orthogonal((3, 3), np.random.default_rng(i)) for i in range(2000)], axis=0)
    assert np.abs(draws).max() < 0.06


def test_initialisers_refuse():
    with pytest.raises(ValueError, match=r"init: shape is \(3,\); it must be \(\.\.\., in, out\)"):
        init.glorot((3,), rng())
    with pytest.raises(ValueError, match="needs a matrix shape"):
        init.orthogonal((2, 3, 4), rng())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Linear("3", 2), "Linear: in_features is '3'; it must be a whole number, at least 0"),
        (lambda: Linear(3, 2.0), "Linear: out_features is 2.0"),
        (lambda: Linear(-1, 2), "Linear: in_features is -1"),
        (lambda: Linear(3, 2, rng=0), r"Linear: rng is 0; it must be a generator: np\.random\.default_rng"),
        (lambda: Linear(3, 2, rng=np.random), "Linear: rng is a module"),
        (lambda: Linear(3, 2, dtype=int), r"dtype is the class int; it must be np\.float32 or np\.float64"),
        (lambda: Linear(3, 2, dtype=np.float16), "Linear: dtype is the class float16"),
        (lambda: LayerNorm(3, dtype="half"), "LayerNorm: dtype is 'half'"),
        (lambda: Linear(3, 2, dtype="flot"), "Linear: dtype is 'flot'"),
        (lambda: Linear(3, 2)(None), "Linear: x is None; it must be a Tensor, or an array of numbers"),
        (lambda: Linear(3, 2)("abc"), "Linear: x is 'abc'"),
        (lambda: Linear(2, 2)([Tensor([1.0, 2.0])]), r"x is a list of Tensors; stack\(\.\.\.\) makes one"),
        (lambda: Linear(2, 2)([[1.0], [1.0, 2.0]]), "Linear: x is a list; it must be a Tensor"),
        (
            lambda: Linear(3, 2)(np.ones((5, 4, 2))),
            r"x of shape \(5, 4, 2\) must have 3 entries along its last",
        ),
        (lambda: Linear(3, 2)(1.0), r"Linear: x of shape \(\) must have 3"),
        (lambda: Embedding(0, 3), "Embedding: num is 0; it must be a whole number, at least 1"),
        (lambda: Embedding(3, "a"), "Embedding: dim is 'a'"),
        (lambda: Embedding(3, 3, padding_index="a"), "Embedding: padding_index is 'a'"),
        (lambda: Embedding(3, 3, padding_index=-1), "Embedding: padding_index is -1"),
        (lambda: Embedding(3, 3, rng=1), "Embedding: rng is 1"),
        (lambda: Embedding(3, 3)(None), "Embedding: indices is None"),
        (lambda: Embedding(3, 3)(np.eye(3)), r"needs integers, got float64: \.astype\(int\) makes them"),
        (lambda: Dropout("a"), "Dropout: p is 'a'; it must be a finite number, at least 0 and below 1"),
        (lambda: Dropout(float("nan")), "Dropout: p is nan"),
        (lambda: Dropout(0.5, 0), "Dropout: rng is 0"),
        (lambda: Dropout(0.5)(Tensor([1, 2])), r"dropout: x is of int64; use \.astype\(float\)"),
        (lambda: LayerNorm("a"), "LayerNorm: features is 'a'; it must be a whole number, at least 1"),
        (lambda: LayerNorm(0), "LayerNorm: features is 0"),
        (lambda: LayerNorm(3, eps=-1), "LayerNorm: eps is -1"),
        (lambda: LayerNorm(4)(np.ones((2, 1))), r"layer_norm: gain \(4,\) does not fit x \(2, 1\)"),
        (lambda: LayerNorm(4)(np.ones(())), r"layer_norm: x of shape \(\) has nothing along a last axis"),
        (
            lambda: Sequential([Linear(3, 2)]),
            "Sequential: layer 0 is a list; it must be a module or a functi",
        ),
        (lambda: Sequential(Tensor.tanh, Linear), "Sequential: layer 1 is the class Linear"),
        (lambda: Sequential(None), "Sequential: layer 0 is None"),
        (lambda: init.glorot(3, rng()), "^glorot: shape is 3; it must be a tuple of whole numbers$"),
        (lambda: init.orthogonal(3, rng()), "^orthogonal: shape is 3; it must be a tuple of whole numbers$"),
        (lambda: init.he((2, 3), 0), "^he: rng is 0; it must be a generator"),
    ],
)
def test_a_wrong_call_is_told_what_is_wanted(call, says):
    with pytest.raises((TypeError, ValueError, IndexError), match=says):
        call()


def test_arrays_and_lists_of_numbers_will_do():
    layer, norm = Linear(3, 2, rng=rng(), dtype=np.float32), LayerNorm(3)
    for x in ([[1, 2, 3]], np.array([[1, 2, 3]]), Tensor([[1, 2, 3]])):
        assert layer(x).dtype == np.float32, "integers do not promote"
        assert np.array_equal(layer(x).data, layer(np.array([[1, 2, 3]], np.float32)).data)
        assert norm(x).data.ravel() == pytest.approx([-1.22474, 0, 1.22474], abs=1e-4)
    for drop in (Dropout(0.0), Dropout(0.5).eval()):
        assert isinstance(drop([1.0, 2.0]), Tensor)
    assert Embedding(3, 2)([]).shape == (0, 2)
    assert Embedding(3, 2)(np.zeros((2, 0), int)).shape == (2, 0, 2)
    assert Sequential(Tensor, Tensor.tanh)([0.0]).data.tolist() == [0]


def test_no_rows():
    x = Tensor(np.zeros((0, 3)), requires_grad=True)
    model = Sequential(Linear(3, 4), LayerNorm(4), Dropout(0.5), Linear(4, 2))
    y = model(x)
    y.sum().backward()
    assert y.shape == (0, 2)
    assert x.grad.shape == (0, 3)
    assert not any(p.grad.any() for p in model.parameters())
    one = LayerNorm(1)(np.array([[7.0]]))
    assert one.data.tolist() == [[0]], "a single entry is its own mean"
