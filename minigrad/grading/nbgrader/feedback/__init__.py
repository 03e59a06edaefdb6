"""Pages of feedback: how one is made and laid out, and when it tells something else than the gradebook."""
