"""`python -m tests.benchmarks [XS] [S] [M] [L]`: minigrad against its peers, as a table and as bench.json.

Every figure is CPU time (or memory) of the same work in both libraries, in one process, taken in
turns, on one thread, in float32. A ratio above 1 means that minigrad is better by so much. Each training
step is measured in a process of its own, since an allocator behaves by what it has seen; the small
ones, which also hang on where things happen to lie in memory, in three, of which the median counts.
"""

import gc
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks import by_hand, fused, libraries, measure, steps
from tests.benchmarks.cells import CELLS, LINKS, SIZES

OUT = Path("bench.json")
# The ratios to reach, by (bench, size, peer). A figure without one is for information.
FLOORS = {
    ("lstm", "XS", "torch"): 2.0,
    ("lstm", "S", "torch"): 1.5,
    ("lstm", "M", "torch"): 1.05,
    ("lstm", "L", "torch"): 1.0,
    ("gru", "XS", "torch"): 2.0,
    ("rnn", "XS", "torch"): 2.4,
    **{(cell, size, "torch"): 1.0 for cell in ("gru", "rnn") for size in ("S", "M", "L")},
    **{(cell, "XS", "autograd"): 5.0 for cell in ("lstm", "gru", "rnn")},
    **{(cell, "S", "autograd"): 2.0 for cell in ("lstm", "gru", "rnn")},
    ("lstm", "XS", "numpy"): round(1 / 1.6, 3),
    ("lstm", "S", "numpy"): round(1 / 1.4, 3),
    ("lstm", "M", "numpy"): round(1 / 1.15, 3),
    **{(cell, "XS", "numpy"): round(1 / 1.6, 3) for cell in ("gru", "rnn")},
    **{(cell, "S", "numpy"): round(1 / 1.5, 3) for cell in ("gru", "rnn")},
    **{(link, "16x32", "torch"): 1.7 for link in LINKS},
    ("tape bytes per step", "B32 H64", "torch"): 1.0,
    ("time per step", "T 50 to 800", "minigrad"): 0.8,
    **fused.FLOORS,
}


@dataclass(frozen=True)
class Row:
    bench: str
    size: str
    peer: str
    unit: str
    ours: float
    theirs: float
    ratio: float


def row(bench: str, size: str, peer: str, unit: str, ours: float, theirs: float) -> Row:
    return Row(bench, size, peer, unit, round(ours, 4), round(theirs, 4), round(theirs / ours, 3))


def rows(sizes: list[str]) -> Iterator[Row]:
    for name in CELLS:
        for size in sizes:
            small = size in ("XS", "S")
            peers = [peer for peer in steps.PEERS if peer != "autograd" or small]
            peers = [peer for peer in peers if peer != "numpy" or (name in by_hand.STEPS and size != "L")]
            program = (
                f"from tests.benchmarks import steps; print(*steps.seconds({name!r}, {size!r}, {peers}))"
            )
            mine, *theirs = measure.in_fresh_process(program, 3 if small else 1)
            for peer, taken in zip(peers, theirs, strict=True):
                yield row(name, size, peer, "ms", 1e3 * mine, 1e3 * taken)
    yield from (row(*figures) for figures in fused.all_figures(sizes))
    ours, torch = libraries.Minigrad(), libraries.Torch()
    gc.freeze()
    for name in LINKS:
        per_op = 1e6 / libraries.CHAIN
        mine, taken = measure.interleaved(ours.chain(name), torch.chain(name))
        yield row(name, "16x32", "torch", "µs", per_op * mine, per_op * taken)
    memory = [measure.tape_bytes_per_step(library, 32, 16, 64) for library in ("Minigrad", "Torch")]
    yield row("tape bytes per step", "B32 H64", "torch", "KB", memory[0] / 1e3, memory[1] / 1e3)
    imports = [measure.import_seconds(module) for module in ("minigrad", "torch")]
    yield row("import beyond NumPy", "", "torch", "ms", 1e3 * imports[0], 1e3 * imports[1])
    short, long = measure.seconds_per_time_step(50, 800)
    yield row("time per step", "T 50 to 800", "minigrad", "ms", 1e3 * long, 1e3 * short)


def main(arguments: list[str]) -> int:
    sizes = arguments or list(SIZES)
    if unknown := set(sizes) - set(SIZES):
        print(f"unknown sizes: {', '.join(sorted(unknown))}; there are {', '.join(SIZES)}", file=sys.stderr)
        return 2
    try:
        import autograd  # noqa: F401
        import jax  # noqa: F401
        import threadpoolctl  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        print(f"{error}: the benchmarks need more packages, pip install -e '.[bench]'", file=sys.stderr)
        return 2
    found = []
    print(*measure.circumstances(), sep="\n")
    print(f"{'bench':22}{'size':13}{'peer':10}{'ours':>10}{'theirs':>10}       ratio  floor", flush=True)
    for r in rows(sizes):
        found.append(asdict(r))
        floor = FLOORS.get((r.bench, r.size, r.peer))
        note = "" if floor is None else f"{floor:5.2f}" + ("" if r.ratio >= floor else "  below")
        figures = f"{r.ours:10.3f}{r.theirs:10.3f} {r.unit:3}{r.ratio:8.2f}"
        print(f"{r.bench:22}{r.size:13}{r.peer:10}{figures}  {note}", flush=True)
    OUT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print(f"written to {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
