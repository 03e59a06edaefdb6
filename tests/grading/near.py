"""Fakes: a server whose workers run in this process, and a runner whose evidence is written down."""

import sys
import threading

from minigrad.grading.model import Evidence, Ran
from minigrad.sandbox import protocol
from minigrad.sandbox.server import SandboxFault, WorkerEnded
from minigrad.sandbox.worker import Notebook, answer

TURN = threading.RLock()  # the judge asks from threads, and streams and modules are the process's
ENDING = "end_worker"  # a function that cells find among their names: end_worker("exit")


class Written:
    """A Runner that gives the evidence written down for each check, and remembers what it was asked.

    `probes` and `replays` have, by check, what each run gives in turn; the last one is given again.
    A probe that is not written down gives no arrays, a replay a perfect score. A run takes a second.
    """

    def __init__(self, probes=None, replays=None):
        self.probes, self.replays, self.asked = probes or {}, replays or {}, []

    def probe(self, check, seed):
        self.asked.append((check.name, seed))
        return self.next(self.probes, check.name, Evidence())

    def replay(self, check, seed, held_out, arrays):
        self.asked.append((check.name, seed, held_out, dict(arrays)))
        return self.next(self.replays, check.name, Evidence(score=1.0))

    def next(self, written, name, otherwise):
        left = written.get(name, [otherwise])
        return left.pop(0) if len(left) > 1 else left[0]

    def ran(self):
        return Ran(cpu=float(len(self.asked)), notes=("a note",))


class Near:
    """Stands for `Server`; remembers what its workers were asked."""

    isolation = "near"

    def __init__(self):
        self.workers = []
        self.faults = 0  # so many workers fail to start
        self.fault = SandboxFault("no room")  # and in this way
        self.once = {}  # reason by cell or check: ends the worker the first time it is asked

    def __call__(self, isolation, engine=True, forbidden=(), packages=()):
        return self

    def worker(self, memory_mb=1024):
        with TURN:
            if self.faults:
                self.faults -= 1
                raise self.fault
            worker = NearWorker(self)
            self.workers.append(worker)
            return worker

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def asked(self, kind):
        """What each worker was asked of one kind, by name."""
        return [[r[1] for r in w.requests if r[0] == kind] for w in self.workers]


class NearWorker:
    def __init__(self, server):
        self.server, self.requests, self.cpu, self.end = server, [], 0.0, None
        self.kept = sys.modules["__main__"], sys.modules.get("checks")
        self.notebook = Notebook()
        self.restore()
        self.notebook.names[ENDING] = self.stop

    def restore(self):
        sys.modules["__main__"] = self.kept[0]
        sys.modules.pop("checks", None)

    def stop(self, reason, cpu=0.0):
        self.end = reason
        self.cpu += cpu
        raise SystemExit

    def call(self, request, cpu):
        with TURN:
            return self.answered(request, cpu)

    def answered(self, request, cpu):
        assert self.end is None, "a worker that ended was asked again"
        assert cpu > 0
        self.requests.append(request)
        streams = sys.stdout, sys.stderr
        self.cpu += 0.01
        try:
            reply = protocol.loads(
                protocol.dumps(answer(self.notebook, protocol.loads(protocol.dumps(request))))
            )
        finally:
            sys.stdout, sys.stderr = streams
        self.end = self.end or self.server.once.pop(request[1], None)
        if self.end:
            raise WorkerEnded(self.end, "near")
        return reply

    def close(self):
        self.end = self.end or "closed"
