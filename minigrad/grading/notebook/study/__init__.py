"""What a student has reached, in all assignments: kept, held against the notebooks, and shown."""
