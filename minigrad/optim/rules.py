"""SGD, RMSprop, Adam and AdamW: how far a parameter moves for its gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from minigrad.arguments import number, truth, unfit
from minigrad.contract.told import with_habits
from minigrad.optim.base import Optimizer
from minigrad.tape import Array
from minigrad.tensor import Tensor


class SGD(Optimizer):
    """v = momentum v + g, data -= lr v; with Nesterov's form data -= lr (g + momentum v).

    Polyak, 1964; Nesterov's form as rewritten by Bengio et al., 2013 (arXiv:1212.0901), with lr outside v.
    Raises ValueError where `nesterov` is asked for without momentum, or momentum is negative.
    """

    @with_habits
    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.momentum, self.nesterov = number("SGD", "momentum", momentum, 0), nesterov
        truth("SGD", "nesterov", nesterov)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov needs momentum > 0")
        self.slots = ("velocity",) if momentum else ()
        super().__init__(parameters, lr, weight_decay)

    def _change(self, g: Array, state: dict[str, Array], n: int, lr: float) -> Array:
        if not self.momentum:
            return lr * g
        v = state["velocity"]
        v *= self.momentum
        v += g
        return lr * (g + self.momentum * v if self.nesterov else v)


class RMSprop(Optimizer):
    """s = decay s + (1 - decay) g², data -= lr g / (sqrt(s) + eps).

    Tieleman and Hinton, lecture 6e of the Coursera course, 2012. Raises ValueError unless 0 <= decay < 1 and
    0 <= eps.
    """

    slots = ("square",)

    @with_habits
    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 0.01,
        decay: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.decay, self.eps = number("RMSprop", "decay", decay, 0, 1), number("RMSprop", "eps", eps, 0)
        super().__init__(parameters, lr, weight_decay)

    def _change(self, g: Array, state: dict[str, Array], n: int, lr: float) -> Array:
        s = state["square"]
        s *= self.decay
        s += (1 - self.decay) * g * g
        return lr * g / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    """m = b1 m + (1 - b1) g, s = b2 s + (1 - b2) g², data -= lr m' / (sqrt(s') + eps).

    betas are b1 and b2; m' = m / (1 - b1ⁿ), s' = s / (1 - b2ⁿ) in a parameter's own step n correct the bias.
    Kingma and Ba, 2015 (arXiv:1412.6980), algorithm 1. Raises TypeError where betas are not two numbers,
    ValueError where one is not in [0, 1) or eps is negative.
    """

    slots = ("mean", "square")

    @with_habits
    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        name = type(self).__name__
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(unfit(name, "betas", betas, "two numbers, such as (0.9, 0.999)"))
        b1, b2 = (number(name, "each of betas", b, 0, 1) for b in betas)
        self.betas, self.eps = (b1, b2), number(name, "eps", eps, 0)
        super().__init__(parameters, lr, weight_decay)

    def _change(self, g: Array, state: dict[str, Array], n: int, lr: float) -> Array:
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
        change *= lr * scale / (1 - b1**n)
        return change


class AdamW(Adam):
    """Adam with decoupled weight decay: besides Adam's step, data -= lr weight_decay data.

    Loshchilov and Hutter, 2019 (arXiv:1711.05101).
    """

    decoupled = True

    @with_habits
    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
