"""What files for platforms must look like, as far as it is known: schemas of ours beside this file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

HERE = Path(__file__).parent


def valid(content: Any, schema: str) -> Any:
    """The content, if the schema of that name allows it; jsonschema's ValidationError otherwise."""
    read = json.loads((HERE / f"{schema}.schema.json").read_text())
    jsonschema.Draft202012Validator(read).validate(content)
    return content
