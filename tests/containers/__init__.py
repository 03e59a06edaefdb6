"""minigrad in real containers: `python -m tests.containers`."""
