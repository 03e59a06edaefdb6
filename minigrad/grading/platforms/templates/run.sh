#!/usr/bin/env bash
# PrairieLearn runs this in the question's image for each submission: it writes /grade/results/results.json.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
package=$(mktemp -d)
python3 -m zipfile -e "$root"/tests/minigrad-*.whl "$package"
chmod -R a+rX "$package" # a submission runs as a user of its own, and may read minigrad's engine
export OPENBLAS_NUM_THREADS=1 PYTHONPATH=$package${PYTHONPATH:+:$PYTHONPATH}
exec python3 -m minigrad.grading.platforms.prairielearn "$root"
