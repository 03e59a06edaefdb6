"""The sample classes, and their way from notebooks to reports: `python -m tests.demo`."""
