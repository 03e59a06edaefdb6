"""Nothing in this assignment is checked or graded."""
