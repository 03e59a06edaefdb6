"""SGD, RMSprop, Adam and AdamW, and schedules of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, TypedDict

import numpy as np

from minigrad.tape import Array
from minigrad.tensor import Tensor


class OptimizerState(TypedDict):
    """What `state_dict` returns. For each parameter counts: how often it moved; state: its arrays by slot."""

    lr: float
    steps: int
    counts: list[int]
    state: list[dict[str, Array]]


class ScheduleState(TypedDict):
    """What `Schedule.state_dict` returns: the learning rate before any factor, and the steps made."""

    initial: float
    steps: int


class _Arena:
    """Parameters of one dtype. For each slot, their arrays lie one after the other in one flat array.

    When all of them have a gradient, and have moved equally often, one operation on the flat arrays moves
    them all, which for small parameters takes a third of the time.
    """

    def __init__(self, parameters: Sequence[Tensor], slots: Iterable[str]) -> None:
        self.parameters, self.shapes = parameters, [p.shape for p in parameters]
        self.counts = [0] * len(parameters)  # how often each of them moved
        ends = list(accumulate(p.size for p in parameters))
        self.cuts = [slice(end - p.size, end) for p, end in zip(parameters, ends, strict=True)]
        first = parameters[0].data
        self.flat = {name: np.zeros(ends[-1], first.dtype, like=first) for name in slots}

    def refuse_other_shapes(self) -> None:
        """Raise ValueError where a parameter has got another shape: it would take another one's part."""
        shapes = [p.shape for p in self.parameters]
        if shapes != self.shapes:
            before, now = next(pair for pair in zip(self.shapes, shapes, strict=True) if pair[0] != pair[1])
            raise ValueError(f"a parameter of shape {before} now has shape {now}: make the optimiser anew")

    def views(self) -> Iterator[tuple[Tensor, dict[str, Array]]]:
        """Each parameter with its part of every slot, in its shape."""
        for p, cut in zip(self.parameters, self.cuts, strict=True):
            yield p, {name: flat[cut].reshape(p.shape) for name, flat in self.flat.items()}


def _leaves(name: str, parameters: Any) -> list[Tensor]:
    """The parameters, each once. Raises as `Optimizer` does, with its class's name, for what cannot move."""
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        remedy = "model.parameters()" if callable(parameters) else "[w]"  # a model, or a forgotten ()
        kind = type(parameters).__name__
        raise TypeError(f"{name}: parameters must be a list of Tensors, got a {kind}: pass {remedy}")
    leaves = list({id(p): p for p in parameters}.values())
    for i, p in enumerate(leaves):
        if not isinstance(p, Tensor):
            remedy = "pass model.parameters()" if isinstance(p, (tuple, str)) else "pass a flat list of them"
            raise TypeError(f"{name}: parameter {i} is a {type(p).__name__}, not a Tensor: {remedy}")
        if p.node is None:
            remedy = "make it with requires_grad=True, or leave it out"
            raise ValueError(f"{name}: parameter {i}, of shape {p.shape}, has requires_grad=False: {remedy}")
        if p.node.op is not None:
            made = f"the result of {p.node.op.__name__}"
            raise ValueError(f"{name}: parameter {i} is {made}, not a leaf: pass the leaf that it came from")
    if not leaves:
        raise ValueError(f"{name}: no parameters; does the model have any when the optimiser is made?")
    return leaves


def _joined(arrays: Iterable[Array]) -> Array:
    """All entries of the arrays, one array after the other, as one flat array."""
    return np.concatenate([a.reshape(-1) for a in arrays])


class Optimizer:
    """Base of the optimisers: it has parameters, a learning rate, and a state for each parameter.

    parameters: Tensors of any shape; one that comes twice moves once. lr: may be assigned at any time.
    weight_decay: weight_decay * data is added to the gradient; in a class that is `decoupled`,
    lr * weight_decay * data is subtracted from the parameter instead.
    slots: names of the arrays that the class keeps for each parameter, in its shape, zero at first.

    Raises TypeError where `parameters` is no list of Tensors, ValueError where it is empty, where one has
    requires_grad=False or is the result of an op, and where lr or weight_decay is negative.
    """

    slots: tuple[str, ...] = ()
    decoupled = False

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float = 0.0) -> None:
        self.parameters = _leaves(type(self).__name__, parameters)
        if not lr >= 0 or not weight_decay >= 0:
            raise ValueError(f"{type(self).__name__}: lr and weight_decay must not be negative")
        self.lr, self.weight_decay, self.steps = lr, weight_decay, 0
        alike: dict[Any, list[Tensor]] = {}
        for p in self.parameters:
            alike.setdefault((type(p.data), p.dtype), []).append(p)
        self._arenas = [_Arena(parameters, self.slots) for parameters in alike.values()]

    @property
    def state(self) -> list[dict[str, Array]]:
        """For each parameter the arrays of its slots, in its own shape; writing into one changes it."""
        found = {id(p): state for arena in self._arenas for p, state in arena.views()}
        return [found[id(p)] for p in self.parameters]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None."""
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient; the others, and their state, stay as they are.

        Raises ValueError, and moves none, where one has another shape than when the optimiser was made.
        """
        for arena in self._arenas:
            arena.refuse_other_shapes()
        self.steps += 1
        for arena in self._arenas:
            gradients = [p.grad for p in arena.parameters]
            moved = [g is not None for g in gradients]
            arena.counts = [n + more for n, more in zip(arena.counts, moved, strict=True)]
            if all(moved) and len(set(arena.counts)) == 1:
                data = _joined([p.data for p in arena.parameters]) if self.weight_decay else None
                change = self._decayed(data, _joined(gradients), arena.flat, arena.counts[0])
                for p, cut in zip(arena.parameters, arena.cuts, strict=True):
                    p.data -= change[cut].reshape(p.shape)
            else:
                for (p, state), g, n in zip(arena.views(), gradients, arena.counts, strict=True):
                    if g is not None:
                        p.data -= self._decayed(p.data, g, state, n)

    def _decayed(self, data: Array, g: Array, state: dict[str, Array], n: int) -> Array:
        """What to subtract from a parameter, weight decay included; updates `state` in place."""
        if not self.weight_decay:
            return self._change(g, state, n)
        if self.decoupled:
            return self._change(g, state, n) + self.lr * self.weight_decay * data
        return self._change(g + self.weight_decay * data, state, n)

    def _change(self, g: Array, state: dict[str, Array], n: int) -> Array:
        """What to subtract from a parameter for its gradient in its step n; updates `state` in place."""
        raise NotImplementedError

    def state_dict(self) -> OptimizerState:
        """Copies of lr, of the numbers of steps, and of each parameter's slots, in its own shape.

        With the parameters and the constructor's other arguments, the next step depends on nothing else.
        """
        counts = {id(p): n for a in self._arenas for p, n in zip(a.parameters, a.counts, strict=True)}
        return {
            "lr": self.lr,
            "steps": self.steps,
            "counts": [counts[id(p)] for p in self.parameters],
            "state": [{name: array.copy() for name, array in state.items()} for state in self.state],
        }

    def load_state_dict(self, saved: OptimizerState) -> None:
        """Go on where `saved`, from `state_dict`, was taken.

        Raises ValueError where it is of another number of parameters, of other shapes, or of an
        optimiser with other slots; then nothing has been changed.
        """
        state = self.state
        if len(saved["state"]) != len(state):
            raise ValueError(f"saved state is of {len(saved['state'])} parameters, not {len(state)}")
        for i, (mine, theirs) in enumerate(zip(state, saved["state"], strict=True)):
            if set(mine) != set(theirs):
                raise ValueError(f"saved state holds {sorted(theirs)}, not {sorted(mine)}: another optimiser")
            for name in mine:
                if mine[name].shape != theirs[name].shape:
                    shapes = f"{theirs[name].shape}, not {mine[name].shape}"
                    raise ValueError(f"saved {name!r} of parameter {i} has shape {shapes}")
        for mine, theirs in zip(state, saved["state"], strict=True):
            for name in mine:
                mine[name][...] = theirs[name]
        counts = {id(p): n for p, n in zip(self.parameters, saved["counts"], strict=True)}
        for arena in self._arenas:
            arena.counts = [counts[id(p)] for p in arena.parameters]
        self.lr, self.steps = saved["lr"], saved["steps"]


class SGD(Optimizer):
    """v = momentum v + g, data -= lr v; with Nesterov's form data -= lr (g + momentum v).

    Polyak, 1964; Nesterov's form as rewritten by Bengio et al., 2013 (arXiv:1212.0901), with lr outside v.
    Raises ValueError where `nesterov` is asked for without momentum.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov needs momentum > 0")
        self.momentum, self.nesterov = momentum, nesterov
        self.slots = ("velocity",) if momentum else ()
        super().__init__(parameters, lr, weight_decay)

    def _change(self, g: Array, state: dict[str, Array], n: int) -> Array:
        if not self.momentum:
            return self.lr * g
        v = state["velocity"]
        v *= self.momentum
        v += g
        return self.lr * (g + self.momentum * v if self.nesterov else v)


class RMSprop(Optimizer):
    """s = decay s + (1 - decay) g², data -= lr g / (sqrt(s) + eps).

    Tieleman and Hinton, lecture 6e of the Coursera course, 2012.
    """

    slots = ("square",)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.01,
        decay: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.decay, self.eps = decay, eps
        super().__init__(parameters, lr, weight_decay)

    def _change(self, g: Array, state: dict[str, Array], n: int) -> Array:
        s = state["square"]
        s *= self.decay
        s += (1 - self.decay) * g * g
        return self.lr * g / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    """m = b1 m + (1 - b1) g, s = b2 s + (1 - b2) g², data -= lr m' / (sqrt(s') + eps).

    betas are b1 and b2; m' = m / (1 - b1ⁿ), s' = s / (1 - b2ⁿ) in a parameter's own step n correct the bias.
    Kingma and Ba, 2015 (arXiv:1412.6980), algorithm 1.
    """

    slots = ("mean", "square")

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.betas, self.eps = betas, eps
        super().__init__(parameters, lr, weight_decay)

    def _change(self, g: Array, state: dict[str, Array], n: int) -> Array:
        # Algorithm 1 with numerator and denominator multiplied by sqrt(1 - b2ⁿ): the corrections of the
        # bias are then two numbers, and m and s need not be divided entry by entry.
        (b1, b2), m, s = self.betas, state["mean"], state["square"]
        scale = math.sqrt(1 - b2**n)
        m += (1 - b1) * (g - m)
        s *= b2
        s += (1 - b2) * g * g
        root = np.sqrt(s)  # of a 0-d parameter a NumPy scalar, which out= would not take
        root += self.eps * scale
        change = m / root
        change *= self.lr * scale / (1 - b1**n)
        return change


class AdamW(Adam):
    """Adam with decoupled weight decay: besides Adam's step, data -= lr weight_decay data.

    Loshchilov and Hutter, 2019 (arXiv:1711.05101).
    """

    decoupled = True

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)


class Schedule:
    """Sets `optimizer.lr` to its initial value times `factor(n)` after n calls of `step`.

    The first time is when it is made, with n = 0.
    """

    def __init__(self, optimizer: Optimizer, factor: Callable[[int], float]) -> None:
        self.optimizer, self.factor = optimizer, factor
        self.initial, self.steps = optimizer.lr, 0
        optimizer.lr = self.initial * factor(0)

    def step(self) -> None:
        """Count one step, and set the learning rate for the next one."""
        self.steps += 1
        self.optimizer.lr = self.initial * self.factor(self.steps)

    def state_dict(self) -> ScheduleState:
        """The initial learning rate and the number of steps; not the factor, which is a function."""
        return {"initial": self.initial, "steps": self.steps}

    def load_state_dict(self, saved: ScheduleState) -> None:
        """Go on where `saved`, from `state_dict`, was taken; sets the optimiser's learning rate."""
        self.initial, self.steps = saved["initial"], saved["steps"]
        self.optimizer.lr = self.initial * self.factor(self.steps)


def step_decay(every: int, factor: float = 0.1) -> Callable[[int], float]:
    """The factor for a Schedule: factorᵏ after k times `every` steps."""
    return lambda n: float(factor ** (n // every))


def cosine(steps: int, last: float = 0.0) -> Callable[[int], float]:
    """The factor for a Schedule: half a cosine from 1 to `last` over `steps` steps, `last` from then on.

    Loshchilov and Hutter, 2017 (arXiv:1608.03983), without restarts.
    """
    return lambda n: last + (1 - last) * (1 + math.cos(math.pi * min(n / steps, 1))) / 2


def warm_up(steps: int, then: Callable[[int], float] = lambda n: 1.0) -> Callable[[int], float]:
    """The factor for a Schedule: linearly from 1 / steps to 1 in `steps` steps, then `then(steps since)`.

    Goyal et al., 2017 (arXiv:1706.02677).
    """
    return lambda n: (n + 1) / steps if n < steps else then(n - steps)
