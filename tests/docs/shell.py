"""A page's shell: its blocks run one after the other, in the folder and with the variables before them."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

END = "-- end of block --"
# The first command that fails ends the shell, and is named. `minigrad check` and `minigrad solution` may say
# 1: something is to do.
GUARD = """
fail() {
    code=$?
    case "$BASH_COMMAND" in *"minigrad check "* | *"minigrad solution "*) [ $code = 1 ] && return ;; esac
    echo "exit code $code: $BASH_COMMAND"
    exit 1
}
set -E
trap fail ERR
"""


class Shell:
    """bash in `cwd`; `texts` are its scripts by place, in order. A context manager."""

    def __init__(self, texts: Mapping[str, str], cwd: Path, environment: Mapping[str, str]) -> None:
        self.left = dict(texts)
        self.told = ""  # all that was printed
        self.failed = ""  # the block that ended the shell
        self.process = subprocess.Popen(
            ["bash"],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self.send(GUARD)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):  # what bash did not read any more
                if pipe is not None:
                    pipe.close()

    def upto(self, place: str) -> None:
        """Run a block, after all before it that have not run; AssertionError when a command of it fails."""
        assert not self.failed, f"{self.failed} failed, so nothing runs after it"
        while place in self.left:
            first = next(iter(self.left))
            printed = self.run(self.left.pop(first))
            self.told += printed
            if self.process.poll() is not None:
                self.failed = first
                raise AssertionError(f"{first}\n{printed[-4000:]}")

    def finish(self) -> None:
        """Run what is left."""
        for place in list(self.left):
            self.upto(place)

    def run(self, text: str) -> str:
        """What a script prints. It lies in a file, so that no command takes its rest for input."""
        with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as file:
            file.write(f"{text}\n:\n")  # a last command that may say 1 does not make the file fail
            file.flush()
            self.send(f". '{file.name}' < /dev/null\necho; echo '{END}'\n")
            assert self.process.stdout is not None
            printed = ""
            for line in self.process.stdout:
                if line.rstrip("\n") == END:
                    return printed
                printed += line
            self.process.wait()
            return printed

    def send(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()
