"""Published results reproduced with the reference's cells."""
