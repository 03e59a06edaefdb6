"""A sample class of 01-rnn, and its way from notebooks to reports: `python -m tests.demo`."""
