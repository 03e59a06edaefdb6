"""Cells run, probes compared, mistakes recognised."""
