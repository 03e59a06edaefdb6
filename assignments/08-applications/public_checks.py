"""Nothing in this assignment is checked or graded; the file is here because every release has one."""
