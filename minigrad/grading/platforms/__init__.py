"""Grading on somebody else's platform: what is uploaded there, and what runs in it."""
