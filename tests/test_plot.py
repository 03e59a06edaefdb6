"""Pictures show the numbers they are given, and say what is wrong with those they cannot show."""

import re
import sys

import numpy as np
import pytest

from minigrad import Tensor, matmul, plot, tanh


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def tiny_graph():
    x, w = Tensor(np.ones((2, 3))), Tensor(np.ones((3, 4)), requires_grad=True)
    h = tanh(matmul(x, w))
    return w, h, (h * h).sum()


# The computation graph


def test_the_graph_shows_ops_shapes_names_and_arrows():
    w, h, loss = tiny_graph()
    graph = plot.computation_graph(loss, {"W_x": w, "h": h})
    lines = graph.mermaid.splitlines()
    assert lines[0] == "flowchart TD"
    boxes = dict(re.match(r'  (n\d+)\(?\["(.*)"\]\)?', line).groups() for line in lines if '"' in line)
    assert list(boxes.values()) == [
        "W_x · (3, 4)",
        "matmul · (2, 4)",
        "tanh · h · (2, 4)",
        "mul · (2, 4)",
        "sum · ()",
    ]
    arrows = [line.strip() for line in lines if "-->" in line]
    assert arrows == ["n1 --> n2", "n2 --> n3", "n3 --> n4", "n3 --> n4", "n4 --> n5"]
    assert repr(graph).splitlines() == [
        "%1 (3, 4) W_x",
        "%2 (2, 4) = matmul(%1)",
        "%3 (2, 4) = tanh(%2) h",
        "%4 (2, 4) = mul(%3, %3)",
        "%5 () = sum(%4)",
    ]
    assert graph._repr_mimebundle_() == {"text/vnd.mermaid": graph.mermaid, "text/plain": repr(graph)}


def test_drawing_the_graph_leaves_it_usable():
    w, _, loss = tiny_graph()
    plot.computation_graph(loss)
    loss.backward()
    assert w.grad.shape == (3, 4)
    with pytest.raises(ValueError, match="before backward"):
        plot.computation_graph(loss)


def test_labels_are_escaped():
    w, _, loss = tiny_graph()
    name = '"]; click n1 "javascript:alert(1)" <b>\n`x` #35;'
    graph = plot.computation_graph(loss, {name: w})
    label = graph.mermaid.splitlines()[1]
    inner = re.fullmatch(r'  n1\(\["(.*) · \(3, 4\)"\]\)', label).group(1)
    assert re.fullmatch(r"([A-Za-z0-9 _.,()-]|#\d+;)+", inner)
    assert re.sub(r"#(\d+);", lambda code: chr(int(code[1])), inner) == name
    assert len(graph.mermaid.splitlines()) == 1 + 5 + 5


def test_graphs_that_cannot_be_drawn():
    with pytest.raises(ValueError, match="no leaf"):
        plot.computation_graph(Tensor(np.ones(2)))
    x = Tensor(1.0, requires_grad=True)
    for _ in range(400):
        x = x + 1.0
    with pytest.raises(ValueError, match="fewer time steps"):
        plot.computation_graph(x)


# Gradient flow


def test_gradient_norms_are_those_of_the_states():
    h = Tensor(np.full((2, 2), 0.5), requires_grad=True)
    states = [h]
    for _ in range(3):
        states.append((states[-1] * 2.0).retain_grad())
    states[-1].sum().backward()
    assert plot.gradient_norms(states) == pytest.approx([16.0, 8.0, 4.0, 2.0])
    with pytest.raises(ValueError, match=r"state 1 has no gradient.*retain_grad"):
        plot.gradient_norms([h, Tensor(np.ones(2))])


def test_gradient_flow_is_logarithmic_and_marks_zeros(pyplot):
    axes = plot.gradient_flow({"rnn": [1e-9, 1e-3, 1.0], "dead": np.array([0.0, np.nan, 1.0])})
    assert axes.get_yscale() == "log"
    rnn, *_ = (line for line in axes.lines if line.get_label() == "rnn")
    assert np.array_equal(rnn.get_ydata(), [1e-9, 1e-3, 1.0])
    marks = [(line.get_marker(), list(line.get_xdata())) for line in axes.lines if line.get_marker() in "x+"]
    assert marks == [("x", []), ("+", []), ("x", [0]), ("+", [1])]
    lines = [line for line in axes.lines if line.get_linestyle() != "None"]
    assert len({line.get_color() for line in lines}) == len({line.get_linestyle() for line in lines}) == 2
    axes.figure.canvas.draw()
    with pytest.raises(ValueError, match=r"'rnn' has shape \(2, 3\)"):
        plot.gradient_flow({"rnn": np.ones((2, 3))})
    with pytest.raises(ValueError, match="nothing to draw"):
        plot.gradient_flow({})


# Gates


def test_gates_share_a_scale_and_name_the_symbols(pyplot):
    rng = np.random.default_rng(0)
    maps = {"forget": rng.random((5, 3)), "state": np.full((5, 3), -2.5)}
    maps["candidate"] = rng.uniform(-1, 1, (5, 3))
    forget, state, candidate = plot.gates(maps, symbols="BTSXE")
    assert np.array_equal(forget.images[0].get_array(), maps["forget"].T)
    assert forget.images[0].get_clim() == (0, 1)
    assert candidate.images[0].get_clim() == (-1, 1)
    assert state.images[0].get_clim() == (-2.5, 2.5)
    assert [label.get_text() for label in candidate.get_xticklabels()] == list("BTSXE")
    candidate.figure.canvas.draw()


def test_gates_refuse_what_is_not_one_sequence(pyplot):
    with pytest.raises(ValueError, match=r"'f' has shape \(2, 5, 3\)"):
        plot.gates({"f": np.ones((2, 5, 3))})
    with pytest.raises(ValueError, match="2 symbols for 5 time steps"):
        plot.gates({"f": np.ones((5, 3))}, symbols="AB")
    with pytest.raises(ValueError, match="1 axes for 2 maps"):
        plot.gates({"f": np.ones((5, 3)), "i": np.ones((5, 3))}, ax=pyplot.subplots()[1])


# Loss curves


def test_loss_curves_draw_training_and_validation(pyplot):
    records = [
        {"epoch": e, "loss": 2.0**-e, "accuracy": 1 - 2.0**-e, "val_loss": 2.1**-e, "val_accuracy": 0.5}
        for e in range(1, 9)
    ]
    loss, accuracy = plot.loss_curves(records)
    training, validation = loss.lines
    assert np.array_equal(training.get_ydata(), [r["loss"] for r in records])
    assert np.array_equal(validation.get_ydata(), [r["val_loss"] for r in records])
    assert loss.get_yscale() == "log"
    assert accuracy.get_yscale() == "linear"
    accuracy.figure.canvas.draw()
    own = pyplot.subplots()[1]
    assert plot.loss_curves([{"epoch": 1, "loss": 3.0}], ax=own)[0] is own
    with pytest.raises(ValueError, match="history is empty"):
        plot.loss_curves([])


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'minigrad\[course\]'"):
        plot.gradient_flow({"rnn": [1.0]})
