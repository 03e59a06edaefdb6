"""Releases built, and checks tested."""
