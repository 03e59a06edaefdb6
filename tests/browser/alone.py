"""What a notebook in a browser imports and does, where every thread, process, socket and file is refused.

Run as a program, by CPython and by Pyodide alike; it raises what was refused. NumPy comes first: what it
needs for itself is its own matter. Of files, only those of modules may be read.
"""

import importlib
import sys

import numpy as np
import numpy.linalg
import numpy.random

REFUSED = {"threading", "subprocess", "multiprocessing", "concurrent", "socket", "resource", "fcntl"}
MODULES = (".py", ".pyc", ".so", ".zip")


def refuse(event, arguments):
    """An audit hook: of what happens below, nothing may start or open anything."""
    if event.startswith(("_thread.", "subprocess.", "os.fork", "os.posix_spawn", "os.system", "socket.")):
        raise AssertionError(f"{event}: a browser has none of it")
    if event == "open" and not str(arguments[0]).endswith(MODULES):
        raise AssertionError(f"open {arguments[0]}: a browser has no such file")


class Refuse:
    """A finder: an import of these modules fails."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(f"import of {name}: a browser has none of it")


for name in [name for name in sys.modules if name.partition(".")[0] in REFUSED]:
    del sys.modules[name]
sys.meta_path.insert(0, Refuse())
sys.addaudithook(refuse)

from minigrad import Tensor, functional, gradcheck, nn, optim, tanh, train  # noqa: E402
from minigrad.data import echo  # noqa: E402

for name in ("minigrad.checks", "minigrad.plot"):
    importlib.import_module(name)

# Python's zipfile, which reads the expected values, has a lock out of threading. No thread is started.
REFUSED.discard("threading")
importlib.import_module("minigrad.grading.notebook.checks")

rng = np.random.default_rng(0)
gradcheck(tanh, Tensor(rng.normal(size=(2, 3)), requires_grad=True))


class Reader(nn.Module):
    """The bits so far, and a bit."""

    def __init__(self):
        self.first, self.second = nn.Linear(30, 32, rng=rng), nn.Linear(32, 30, rng=rng)

    def __call__(self, x):
        return self.second(tanh(self.first(x[..., 0])))[..., None]


model, batch = Reader(), echo(rng, 64)
history = train.fit(
    model,
    batch,
    functional.binary_cross_entropy_with_logits,
    optim.Adam(model.parameters(), lr=1e-2),
    epochs=30,
    progress=False,
)
first, last = history["loss"][0], history["loss"][-1]
assert last < 0.5 * first, (first, last)
print(f"loss {first:.4f} {last:.4f}")
