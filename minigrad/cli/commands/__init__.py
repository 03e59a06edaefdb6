"""The commands, a file each: its docstring is the help, EXAMPLE a call, `add` its options, `run` its work.

What is slow to import is imported by `run`, so that `minigrad --help` stays quick.
"""
