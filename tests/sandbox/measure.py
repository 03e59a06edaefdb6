"""What a worker costs: `python -m tests.sandbox.measure [namespaces|landlock ...]`."""

from __future__ import annotations

import resource
import sys
import time

from minigrad.sandbox.server import Isolation, Server


def cpu_of(workers: int, isolation: Isolation) -> float:
    """CPU seconds, here and on the far side, of a server that starts `workers` one by one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time()
    with Server(isolation) as server:
        for _ in range(workers):
            with server.worker() as worker:
                worker.call(["cell", "a", "x = 1"], 2.0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + time.process_time() - own


def main(isolations: list[str]) -> None:
    for isolation in isolations:
        base, more = cpu_of(1, isolation), cpu_of(101, isolation)
        print(f"{isolation}: server {base:.2f} s of CPU, each worker {10 * (more - base):.1f} ms of CPU")


if __name__ == "__main__":
    main(sys.argv[1:] or ["namespaces", "landlock"])
