"""A hostile file, folder or archive becomes one canonical list of cells, or a reason."""
