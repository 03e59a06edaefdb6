"""Where a course keeps things: folders, files, dates, reports, salts."""
