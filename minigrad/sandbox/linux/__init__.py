"""The kernel's isolation on Linux: namespaces and limits, Landlock, seccomp."""
