"""How things are measured: CPU time of interleaved runs, memory and imports in fresh processes."""

import contextlib
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 9  # at least; more while the time allowed lasts
ALLOWED = 4.0  # seconds of wall time for one comparison
SHORTEST = 5e-3  # seconds: shorter work is repeated, so that the clock's steps do not show
# Variables that hold a library to other kernels than it would pick for this processor by itself.
HOLDS = (
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES"),
    *("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE"),
)


def circumstances() -> list[str]:
    """Lines that say what the figures hang on: the interpreter, the libraries, and their kernels."""
    import numpy
    import torch
    from threadpoolctl import threadpool_info

    numpys = [blas for blas in threadpool_info() if "numpy" in blas["filepath"]]
    blas = "".join(f", {b['internal_api']} {b['version']} for {b['architecture']}" for b in numpys)
    python = f"Python {platform.python_version()}, {platform.python_compiler()}"
    torchs = f"torch {torch.__version__} for {torch.backends.cpu.get_cpu_capability()}"
    lines = [f"{python}; NumPy {numpy.__version__}{blas}; {torchs}"]
    if held := [f"{name}={os.environ[name]}" for name in HOLDS if os.environ.get(name)]:
        lines.append(f"set here, and not where users compute: {', '.join(held)}; without, figures may differ")
    return lines


def interleaved(*runs: Callable[[], object]) -> list[float]:
    """Median CPU seconds of one call of each, taken in turns."""
    repeats = []
    for run in runs:
        run()
        start = time.process_time()
        run()
        once = max(time.process_time() - start, 1e-6)
        repeats.append(max(1, round(SHORTEST / once)))
    samples: list[list[float]] = [[] for _ in runs]
    end = time.monotonic() + ALLOWED
    while len(samples[0]) < ROUNDS or time.monotonic() < end:
        for run, count, taken in zip(runs, repeats, samples, strict=True):
            start = time.process_time()
            for _ in range(count):
                run()
            taken.append((time.process_time() - start) / count)
    return [statistics.median(taken) for taken in samples]


def in_fresh_process(program: str, times: int = 1) -> list[float]:
    """The medians of the numbers that a Python program prints."""
    runs = []
    for _ in range(times):
        done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
        runs.append([float(number) for number in done.stdout.split()])
    return [statistics.median(numbers) for numbers in zip(*runs, strict=True)]


def import_seconds(module: str) -> float:
    """CPU seconds that importing `module` takes once NumPy is there."""
    program = (
        "import numpy, time; start = time.process_time(); "
        f"import {module}; print(time.process_time() - start)"
    )
    in_fresh_process(program)  # so that bytecode is compiled and files are cached
    return in_fresh_process(program, 9)[0]


def tape_bytes_per_step(library: str, batch: int, inputs: int, hidden: int) -> float:
    """Bytes that one LSTM time step keeps alive until backward: the slope of resident memory over T.

    Resident memory counts arrays, objects and the allocator's waste alike, so it is fair to both.
    """
    program = f"""
from tests.benchmarks.libraries import {library}
from tests.benchmarks.measure import resident_bytes
library = {library}()
library.trainer("lstm", (10, {batch}, {inputs}, {hidden}))()
first = library.forward("lstm", (200, {batch}, {inputs}, {hidden}))
before = resident_bytes()
second = library.forward("lstm", (800, {batch}, {inputs}, {hidden}))
print((resident_bytes() - before) / 800)
"""
    return in_fresh_process(program, 3)[0]


def seconds_per_time_step(*lengths: int) -> list[float]:
    """CPU seconds of an LSTM training step divided by its length, for sequences of different lengths.

    In a process of its own: a long tape brings Python's garbage collector to go through all there
    is, and the peers' modules are not minigrad's.
    """
    program = f"""
from tests.benchmarks.libraries import Minigrad
from tests.benchmarks.measure import interleaved
lengths = {lengths}
library = Minigrad()
taken = interleaved(*(library.trainer("lstm", (length, 32, 16, 64)) for length in lengths))
print(*(seconds / length for seconds, length in zip(taken, lengths)))
"""
    return in_fresh_process(program)


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def tree_megabytes() -> tuple[float, float]:
    """PSS in MB of this process and all below it: (the judge's, workers').

    A worker is a process of the sandbox that leads its own session below another one of the sandbox.
    """
    processes = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            after = (path / "stat").read_text().rpartition(")")[2].split()  # state, parent, group, session
            sandboxed = b"boot.py" in (path / "cmdline").read_bytes()
            processes[int(path.name)] = int(after[1]), int(after[3]), sandboxed
    own = workers = 0.0
    for pid, (parent, session, sandboxed) in processes.items():
        line = [pid]
        while line[-1] in processes and line[-1] != os.getpid():
            line.append(processes[line[-1]][0])
        if line[-1] != os.getpid():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that has just ended
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            megabytes = next(int(s.split()[1]) for s in rollup.splitlines() if s.startswith("Pss:")) / 1e3
            if sandboxed and session == pid and processes[parent][2]:
                workers += megabytes
            else:
                own += megabytes
    return own, workers
