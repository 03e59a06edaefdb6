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
    with pytest.raises(ValueError, match="matmul: shapes"):
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
    with pytest.raises(ValueError, match="needs a shape"):
        init.glorot((3,), rng())
    with pytest.raises(ValueError, match="needs a matrix shape"):
        init.orthogonal((2, 3, 4), rng())
