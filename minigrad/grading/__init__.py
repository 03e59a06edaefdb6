"""The near side of the wall: from a notebook to a verdict, a report, a gradebook."""
