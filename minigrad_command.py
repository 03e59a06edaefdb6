"""Where minigrad begins: the `minigrad` command, and what a platform starts, `python -m minigrad_command`.

It lies beside the package, since whatever lies in it runs after the imports of the whole engine. From here
on, Ctrl-C is one line and exit code 130, and so is what is missing: a Python older than ours reads this, too.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import NoReturn

PYTHON, NUMPY = (3, 11), 2


def main() -> int:
    """Run the command line; returns the exit code."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # what runs in the background may ignore it
        signal.signal(signal.SIGINT, stop)
    demand_ground()
    from minigrad.cli import app

    args = app.parser().parse_args()
    signal.signal(signal.SIGINT, handler)
    return app.run(args)


def grade(platform: str, *words: str) -> int:
    """Grade where a platform has put us; returns the exit code."""
    remedy = "make the image anew, as the platform's page of our guide says"
    demand_ground(remedy)
    try:
        module = importlib.import_module("minigrad.grading.platforms." + platform)
    except ModuleNotFoundError as error:  # a small image can lack parts of Python's own
        lacks(f"{sys.executable} has no {error.name}", remedy)
    return int(module.main(words))


def demand_ground(remedy: str = "") -> None:
    """Exit with one sentence where Python is too old, or NumPy is missing, too old or broken."""
    needs = ".".join(map(str, PYTHON))
    install = remedy or f"`{sys.executable} -m pip install 'numpy>={NUMPY}'`"
    if sys.version_info < PYTHON:
        here = ".".join(map(str, sys.version_info[:3]))
        lacks(
            f"Python {needs} or newer is needed, and {sys.executable} is {here}",
            remedy or "install a newer one",
        )
    try:
        import numpy
    except ModuleNotFoundError:
        lacks(f"{sys.executable} has no NumPy", install)
    except Exception as error:  # whatever a library of another machine does
        lacks(f"{sys.executable} cannot import its NumPy ({type(error).__name__})", install)
    if int(numpy.__version__.partition(".")[0]) < NUMPY:
        lacks(f"NumPy {NUMPY} or newer is needed, and there is {numpy.__version__}", install)


def lacks(what: str, remedy: str) -> NoReturn:
    """Say what is missing, and what helps, and exit."""
    print(f"minigrad: {what}: {remedy}", file=sys.stderr)
    sys.exit(2)


def stop(*_: object) -> None:
    """End at once: an exception could be taken for an import that fails, and nothing is done yet."""
    os.write(2, b"minigrad: stopped\n")
    os._exit(128 + signal.SIGINT)


if __name__ == "__main__":
    sys.exit(grade(*sys.argv[1:]))
