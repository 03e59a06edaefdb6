"""What an example of 08 comes to over seeds: `python -m tests.seeds FIELD SEEDS`, a line each, and the range.

Two claims of its text rest on it: the table of eight seeds, and that over eight no example on made-up data
misses its threshold. It trains, for seconds to minutes a seed.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.library import library
from tests.solutions.test_applications import EARLIER, FIELDS, play


def main() -> None:
    field, seeds = sys.argv[1:] if len(sys.argv) == 3 else ("", "")
    if field not in FIELDS or not seeds.isdigit() or seeds == "0":
        raise SystemExit(f"python -m tests.seeds FIELD SEEDS, with one field of {', '.join(FIELDS)}")
    with pytest.MonkeyPatch.context() as patch:
        mine = library([name for name in EARLIER if name != "00-autograd"])
        names, _ = play(mine, patch, trained=False)
        found = []
        for seed in range(int(seeds)):
            one = names["WORKS"][field](np.random.default_rng([8, seed]))
            found.append((one.baseline, one.reached))
            verdict = names["Line"]("", one, 0.0).verdict
            print(
                f"seed {seed}: baseline {one.baseline:.4g}, reached {one.reached:.4g}, {verdict}", flush=True
            )
    for what, values in zip(("baseline", "reached"), zip(*found, strict=True), strict=True):
        print(f"{what} from {min(values):.4g} to {max(values):.4g}")


if __name__ == "__main__":
    main()
