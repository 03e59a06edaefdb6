"""What an author wrote, read; what a release ships."""
