"""A student's commands: on work of their own, with the public checks."""
