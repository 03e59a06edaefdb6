"""How a sandbox fails: it cannot be had, it breaks, or a submission ends its worker."""

from __future__ import annotations

from typing import Literal

from minigrad.errors import MinigradError

Reason = Literal["cpu", "wall", "memory", "exit", "signal", "protocol"]


class SandboxError(MinigradError):
    """Base of the sandbox's errors."""


class SandboxUnavailable(SandboxError):
    """The isolation asked for cannot be had on this machine; nothing has been run."""

    def __init__(self, what: str, *why: str) -> None:
        remedy = "`--unsafe` runs submissions without a sandbox, as you; use it on your own work only"
        super().__init__("\n  ".join([what, *why, remedy]))


class PackageMissing(SandboxError):
    """A package on an assignment's list is not installed on this machine; nothing has been run."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the package {name} is on the assignment's list of packages and is not installed here: "
            f"`pip install {name}`"
        )


class SandboxFault(SandboxError):
    """The sandbox itself failed: before any student code ran, or for a reason that lies outside it."""


class WorkerEnded(SandboxError):
    """A worker ended while it ran a submission; this is held against the submission.

    reason: "cpu" or "wall": it was killed at the limit of CPU time or of time on the clock. "memory":
    it had no memory left, or the kernel killed it. "exit" or "signal": it ended itself. "protocol": it
    sent bytes that are not a reply. detail: the same in words.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
