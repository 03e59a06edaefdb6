"""Grades as files: what an LMS imports, and the final column."""
