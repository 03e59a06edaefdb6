"""Where the `minigrad` command begins: from here on, Ctrl-C is one line and exit code 130.

It lies beside the package, since whatever lies in it runs after the imports of the whole engine.
"""

from __future__ import annotations

import os
import signal


def main() -> int:
    """Run the command line; returns the exit code."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # what runs in the background may ignore it
        signal.signal(signal.SIGINT, stop)
    from minigrad.cli import app

    args = app.parser().parse_args()
    signal.signal(signal.SIGINT, handler)
    return app.run(args)


def stop(*_: object) -> None:
    """End at once: an exception could be taken for an import that fails, and nothing is done yet."""
    os.write(2, b"minigrad: stopped\n")
    os._exit(128 + signal.SIGINT)
