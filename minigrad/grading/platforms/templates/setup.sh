#!/usr/bin/env bash
# Gradescope runs this once, as root and with a network, when it makes the autograder's image.
# PYTHON is that of the machine which packed this: the versions in constraints.txt are for it.
set -euo pipefail
root=${AUTOGRADER:-/autograder}
if ! command -v pythonPYTHON >/dev/null || ! pythonPYTHON -c 'import ensurepip' 2>/dev/null; then
    apt-get update
    apt-get install -y pythonPYTHON pythonPYTHON-venv
fi
pythonPYTHON -m venv "$root/venv"
"$root/venv/bin/python" -m pip install -c "$root/source/constraints.txt" \
    -r "$root/source/requirements.txt" "$root"/source/minigrad-*.whl
"$root/venv/bin/python" -m minigrad.grading.platforms.gradescope "$root" --test
