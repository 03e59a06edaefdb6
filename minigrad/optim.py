"""SGD, RMSprop, Adam and AdamW, and schedules of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from minigrad.tape import Array
from minigrad.tensor import Tensor

State = dict[str, Any]


class _Arena:
    """Parameters of one dtype, whose arrays for each slot lie one behind the other in one flat array.

    Where all have a gradient they move as one: for small parameters in a third of the time.
    """

    def __init__(self, parameters: Sequence[Tensor], slots: Iterable[str]) -> None:
        self.parameters = parameters
        ends = list(accumulate(p.size for p in parameters))
        self.cuts = [slice(end - p.size, end) for p, end in zip(parameters, ends, strict=True)]
        first = parameters[0].data
        self.flat = {name: np.zeros(ends[-1], first.dtype, like=first) for name in slots}

    def views(self) -> Iterator[tuple[Tensor, dict[str, Array]]]:
        """Each parameter with its part of every slot, in its shape."""
        for p, cut in zip(self.parameters, self.cuts, strict=True):
            yield p, {name: flat[cut].reshape(p.shape) for name, flat in self.flat.items()}


def _joined(arrays: Iterable[Array]) -> Array:
    return np.concatenate([a.reshape(-1) for a in arrays])


class Optimizer:
    """Base: parameters, the learning rate `lr`, and one array a parameter for each name in `slots`.

    `lr` may be assigned at any time. Parameters without a gradient are left alone. weight_decay adds
    weight_decay * data to the gradient; where it is `decoupled`, lr * weight_decay * data to the change.
    """

    slots: tuple[str, ...] = ()
    decoupled = False

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float = 0.0) -> None:
        self.parameters = list({id(p): p for p in parameters}.values())  # a shared one moves once
        if not self.parameters:
            raise ValueError(f"{type(self).__name__}: no parameters")
        if not all(p.requires_grad for p in self.parameters):
            raise ValueError(f"{type(self).__name__}: a parameter has requires_grad=False")
        if not lr >= 0 or not weight_decay >= 0:
            raise ValueError(f"{type(self).__name__}: lr and weight_decay must not be negative")
        self.lr = lr
        self.weight_decay = weight_decay
        self.steps = 0
        alike: dict[Any, list[Tensor]] = {}
        for p in self.parameters:
            alike.setdefault((type(p.data), p.dtype), []).append(p)
        self._arenas = [_Arena(parameters, self.slots) for parameters in alike.values()]

    @property
    def state(self) -> list[dict[str, Array]]:
        """For each parameter its array of every slot; writing into one changes the state."""
        found = {id(p): state for arena in self._arenas for p, state in arena.views()}
        return [found[id(p)] for p in self.parameters]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        self.steps += 1
        for arena in self._arenas:
            gradients = [p.grad for p in arena.parameters]
            if all(g is not None for g in gradients):
                data = _joined([p.data for p in arena.parameters]) if self.weight_decay else None
                change = self._decayed(data, _joined(gradients), arena.flat)
                for p, cut in zip(arena.parameters, arena.cuts, strict=True):
                    p.data -= change[cut].reshape(p.shape)
            else:
                for (p, state), g in zip(arena.views(), gradients, strict=True):
                    if g is not None:
                        p.data -= self._decayed(p.data, g, state)

    def _decayed(self, data: Array, g: Array, state: dict[str, Array]) -> Array:
        """What to subtract from a parameter, weight decay included; updates `state` in place."""
        if not self.weight_decay:
            return self._change(g, state)
        if self.decoupled:
            return self._change(g, state) + self.lr * self.weight_decay * data
        return self._change(g + self.weight_decay * data, state)

    def _change(self, g: Array, state: dict[str, Array]) -> Array:
        """What to subtract from a parameter for its gradient; updates `state` in place."""
        raise NotImplementedError

    def state_dict(self) -> State:
        """A copy of all that the next step depends on, save parameters and settings other than lr."""
        return {
            "lr": self.lr,
            "steps": self.steps,
            "state": [{name: array.copy() for name, array in state.items()} for state in self.state],
        }

    def load_state_dict(self, saved: State) -> None:
        """Go on where `state_dict` was taken. Raises ValueError when it is of other parameters."""
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
        self.lr, self.steps = saved["lr"], saved["steps"]


class SGD(Optimizer):
    """v = momentum v + g, data -= lr v; with Nesterov's form data -= lr (g + momentum v)."""

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

    def _change(self, g: Array, state: dict[str, Array]) -> Array:
        if not self.momentum:
            return self.lr * g
        v = state["velocity"]
        v *= self.momentum
        v += g
        return self.lr * (g + self.momentum * v if self.nesterov else v)


class RMSprop(Optimizer):
    """s = decay s + (1 - decay) g², data -= lr g / (sqrt(s) + eps). Hinton, Coursera lecture 6e, 2012."""

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

    def _change(self, g: Array, state: dict[str, Array]) -> Array:
        s = state["square"]
        s *= self.decay
        s += (1 - self.decay) * g * g
        return self.lr * g / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    """Kingma and Ba, 2015 (arXiv:1412.6980), algorithm 1."""

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

    def _change(self, g: Array, state: dict[str, Array]) -> Array:
        # Both corrections of the bias are in two numbers, which leaves less to do for each entry.
        (b1, b2), m, s = self.betas, state["mean"], state["square"]
        scale = math.sqrt(1 - b2**self.steps)
        m += (1 - b1) * (g - m)
        s *= b2
        s += (1 - b2) * g * g
        root = np.sqrt(s)  # of a 0-d parameter a scalar, so no out= here
        root += self.eps * scale
        change = m / root
        change *= self.lr * scale / (1 - b1**self.steps)
        return change


class AdamW(Adam):
    """Adam with decoupled weight decay, data -= lr weight_decay data. Loshchilov and Hutter, 2019
    (arXiv:1711.05101)."""

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
    """Sets `optimizer.lr` to its initial value times `factor(n)` after n calls of `step`."""

    def __init__(self, optimizer: Optimizer, factor: Callable[[int], float]) -> None:
        self.optimizer, self.factor = optimizer, factor
        self.initial, self.steps = optimizer.lr, 0
        optimizer.lr = self.initial * factor(0)

    def step(self) -> None:
        self.steps += 1
        self.optimizer.lr = self.initial * self.factor(self.steps)

    def state_dict(self) -> State:
        return {"initial": self.initial, "steps": self.steps}

    def load_state_dict(self, saved: State) -> None:
        self.initial, self.steps = saved["initial"], saved["steps"]
        self.optimizer.lr = self.initial * self.factor(self.steps)


def step_decay(every: int, factor: float = 0.1) -> Callable[[int], float]:
    """Times `factor` after every `every` steps."""
    return lambda n: float(factor ** (n // every))


def cosine(steps: int, last: float = 0.0) -> Callable[[int], float]:
    """Half a cosine from 1 to `last` over `steps` steps, `last` from then on."""
    return lambda n: last + (1 - last) * (1 + math.cos(math.pi * min(n / steps, 1))) / 2


def warm_up(steps: int, then: Callable[[int], float] = lambda n: 1.0) -> Callable[[int], float]:
    """Linearly from 1 / steps to 1 over `steps` steps, then `then(steps since)`."""
    return lambda n: (n + 1) / steps if n < steps else then(n - steps)
