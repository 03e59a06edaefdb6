#!/usr/bin/env bash
# Gradescope runs this once, as root and with a network, when it makes the autograder's image.
# PYTHON is that of the machine which packed this: the versions in constraints.txt are for it.
set -euo pipefail
root=${AUTOGRADER:-/autograder}
export DEBIAN_FRONTEND=noninteractive
if ! command -v pythonPYTHON >/dev/null || ! pythonPYTHON -c 'import ensurepip' 2>/dev/null; then
    if ! { apt-get update && apt-get install -y pythonPYTHON pythonPYTHON-venv; }; then
        echo "minigrad: this image has no Python PYTHON, with which the autograder was packed:" \
            "pack it with a version that the image's archive has, or choose another base image" >&2
        exit 1
    fi
fi
pythonPYTHON -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --no-cache-dir -c "$root/source/constraints.txt" \
    -r "$root/source/requirements.txt" "$root"/source/minigrad-*.whl
"$root/venv/bin/python" -I -m minigrad.grading.platforms.gradescope "$root" --test
