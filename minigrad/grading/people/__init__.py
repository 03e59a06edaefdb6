"""Students as people: a student's work under another id, and whether roster and course fit together."""
