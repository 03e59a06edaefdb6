"""Measurements against peers: `python -m tests.benchmarks`. No tests: nothing here asserts a time."""

import os

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"  # before anything imports NumPy
