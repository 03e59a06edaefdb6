"""What feedback must be called so that the LMS takes it back, by the path under which it gave the work. Pure.

Forms, as the public sources of both have them; neither was tried in the system itself. Moodle
(`mod/assign/feedback/file/importziplib.php`, moodle/moodle on GitHub) looks in each part of a path for
`NAME_NUMBER_PLUGINTYPE_PLUGIN_`, knows a person by the number, and takes what follows for the file's name; it
splits at every `_`, so a name has none. Canvas (`generate_comments_from_files` in `app/models/assignment.rb`,
instructure/canvas-lms) looks in a file's name between each `_` for two numbers, the person's and that of the
file that was handed in, which the submission must have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from minigrad.grading.intake.names import CANVAS, MOODLE

FORMS: Mapping[str, re.Pattern[str]] = {"moodle": MOODLE, "canvas": CANVAS}


def returned(lms: str, path: str, name: str) -> str | None:
    """The path in an archive for `lms` of the page about the assignment `name`, which came as `path`;
    None where that is not a path of the LMS's."""
    parts = path.replace("\\", "/").split("/")
    below = ("/".join(parts[start:]) for start in range(len(parts)))
    found = next((match for text in below if (match := FORMS[lms].fullmatch(text))), None)
    if found is None:
        return None
    if lms == "moodle":
        who, _, number = found["said"].rpartition("_")
        return f"{who.replace('_', ' ')}_{number}_assignsubmission_file_/{name}.html"
    return f"{found[0].rpartition('.')[0] or found[0]}.html"
