"""The commands of whoever writes a course: lay it out, write an assignment, build it, try its checks."""
