"""Which parameters an optimiser moves, and at which rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from minigrad.arguments import given, number
from minigrad.tensor import Tensor


@dataclass
class Group:
    """parameters, Tensors of any shape, that move alike; lr and weight_decay may be assigned at any time.

    where: the optimiser's name, and the group's number where there are several, for errors. A rate that is
    none is refused: TypeError for no number, ValueError for one below 0, NaN or infinite.
    """

    where: str
    parameters: list[Tensor]
    lr: float
    weight_decay: float

    def __setattr__(self, name: str, value: Any) -> None:
        rate = name in ("lr", "weight_decay")
        super().__setattr__(name, number(self.where, name, value, 0) if rate else value)


def groups_of(name: str, parameters: Any, lr: float, weight_decay: float) -> list[Group]:
    """One group of all parameters, Tensors of any shape, or those groups that a list of dicts describes.

    name: of the optimiser's class, for errors. Raises TypeError where `parameters` is no list of Tensors and
    where a number is none, ValueError where the list is empty or holds what cannot move, where a dict has
    other keys, where a parameter is in two groups, and where a number is negative or not finite.
    """
    listed = isinstance(parameters, Iterable) and not isinstance(parameters, (Tensor, Mapping))
    ones = list(parameters) if listed else parameters
    described = bool(listed and ones and isinstance(ones[0], Mapping))
    groups = []
    for i, one in enumerate(ones if described else [{"params": ones}]):
        where = f"{name}, group {i}" if described else name
        if not isinstance(one, Mapping) or set(one) - {"lr", "weight_decay"} != {"params"}:
            was = (
                f"has the keys {', '.join(map(str, one))}" if isinstance(one, Mapping) else f"is {given(one)}"
            )
            raise ValueError(
                f"{where}: it {was}; a group is a dict of params and, if wanted, lr, weight_decay"
            )
        rates = one.get("lr", lr), one.get("weight_decay", weight_decay)
        groups.append(Group(where, _leaves(where, one["params"]), *rates))
    everyone = [id(p) for group in groups for p in group.parameters]
    if len(set(everyone)) < len(everyone):
        raise ValueError(f"{name}: a parameter is in two groups: it can move at one rate only")
    return groups


def _leaves(name: str, parameters: Any) -> list[Tensor]:
    """The parameters, each once. Raises as `groups_of` does."""
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        remedy = "model.parameters()" if callable(parameters) else "[w]"  # a model, or a forgotten ()
        kind = type(parameters).__name__
        raise TypeError(f"{name}: parameters must be a list of Tensors, got a {kind}: pass {remedy}")
    leaves = list({id(p): p for p in parameters}.values())
    for i, p in enumerate(leaves):
        if not isinstance(p, Tensor):
            remedy = "pass model.parameters()" if isinstance(p, (tuple, str)) else "pass a flat list of them"
            raise TypeError(f"{name}: parameter {i} is a {type(p).__name__}, not a Tensor: {remedy}")
        if p.node is None and type(p) is Tensor:  # a Parameter is frozen, and may thaw
            remedy = "make it with requires_grad=True, or leave it out"
            raise ValueError(f"{name}: parameter {i}, of shape {p.shape}, has requires_grad=False: {remedy}")
        if p.node is not None and p.node.op is not None:
            made = f"the result of {p.node.op.__name__}"
            raise ValueError(f"{name}: parameter {i} is {made}, not a leaf: pass the leaf that it came from")
    if not leaves:
        why = "does the model have any when the optimiser is made? A Tensor as an attribute is none: "
        why += "self.W = Parameter(...). A generator gives them only once"
        raise ValueError(f"{name}: no parameters; {why}")
    if all(p.node is None for p in leaves):
        raise ValueError(f"{name}: no parameter moves: all of them are frozen, by requires_grad=False")
    return leaves
