"""How a table is written: what to write here, and after it the names of other libraries that mean it."""

from __future__ import annotations

from collections.abc import Mapping

# For what NumPy has and minigrad has not, and for what neither has.
WITHOUT = "np.{name}(x.data), which has no gradient"
OWN = "minigrad.op, with which you write one yourself: there is none"


def by_name(table: Mapping[str, str]) -> dict[str, str]:
    """For each name of other libraries, what to write, in which {name} stands for it.

    table: for what to write, all the names that mean it, separated by blanks. Raises ValueError for a name
    that comes twice.
    """
    found: dict[str, str] = {}
    for use, names in table.items():
        for name in names.split():
            if name in found:
                raise ValueError(f"{name!r} has two remedies, {found[name]!r} and {use!r}: drop one")
            found[name] = use.replace("{name}", name)
    return found
