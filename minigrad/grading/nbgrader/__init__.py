"""The only room that knows nbgrader."""
