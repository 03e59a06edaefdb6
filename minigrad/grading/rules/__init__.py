"""A course's rules as arithmetic: what lateness costs, which attempt counts, the final column. Pure."""
