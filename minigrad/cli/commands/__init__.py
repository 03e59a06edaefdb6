"""The commands, by who gives them: the student (`study`), a course's `author`, an instructor in `term`.

A command is a file: its docstring is the help, EXAMPLE a call, `add` its options, `run` its work. What is
slow to import is imported by `run`, so that `minigrad --help` stays quick.
"""
