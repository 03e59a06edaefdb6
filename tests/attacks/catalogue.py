"""What an attack is, as data, and what a row of attacks.json says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

ALL = (10.0, 10.0, 10.0)
REFUSALS = frozenset(
    {
        "PermissionError",
        "FileNotFoundError",
        "OSError",
        "RuntimeError",
        "ImportError",
        "ModuleNotFoundError",
        "ValueError",
        "MemoryError",
        "InterruptedError",
    }
)


@dataclass(frozen=True)
class Inside:
    """Python that a cell runs in a worker.

    expected: "refused" (an error that no file outside shows), "runs" (allowed, harmless), or the
    reason for which the worker ends. `landlock` is expected instead where there are no namespaces;
    "" where it cannot be tried.
    """

    name: str
    source: str
    expected: str = "refused"
    landlock: str | None = None
    x86: bool = False  # numbers of x86-64
    memory_mb: int = 1024

    def expects(self, configuration: str) -> str:
        return self.landlock if configuration == "landlock" and self.landlock is not None else self.expected

    @property
    def ends(self) -> bool:
        """Whether it is to end its worker."""
        return self.expected in ("cpu", "wall", "exit", "signal", "protocol", "memory or goes on")


@dataclass(frozen=True)
class Work:
    """A submission of the tiny assignment 00-squares, with the points it is worth.

    Effects as in the catalogue: N none, graded on merit; Z those checks 0, the rest graded; K the
    worker is killed, charged alone. `scores` are those of square, mean and fit.
    """

    name: str
    effect: str
    scores: tuple[float, float, float] = (0.0, 10.0, 10.0)
    square: str = ""  # "": the solution's
    first: str = ""  # a cell of its own before all others
    last: str = ""  # and behind them
    reason: str = ""  # found in a reason or a note
    slow: bool = False
    answers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of the table. `ok` is None where an attack could not be tried."""

    attack: str
    configuration: str
    user: str
    expected: str
    seen: str
    ok: bool | None
