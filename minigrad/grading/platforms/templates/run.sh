#!/usr/bin/env bash
# PrairieLearn runs this in the question's image for each submission: it writes /grade/results/results.json.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
if ! command -v python3 >/dev/null; then
    echo "minigrad: this image has no python3: make the image anew, as the platform's page of our guide says" >&2
    exit 2
fi
package=$(mktemp -d)
python3 -m zipfile -e "$root"/tests/minigrad-*.whl "$package"
chmod -R a+rX "$package" # a submission runs as a user of its own, and may read minigrad's engine
export OPENBLAS_NUM_THREADS=1 PYTHONPATH=$package${PYTHONPATH:+:$PYTHONPATH}
exec python3 -m minigrad_command prairielearn "$root"
