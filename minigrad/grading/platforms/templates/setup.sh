#!/usr/bin/env bash
# Gradescope runs this once, as root and with a network, when it makes the autograder's image.
set -euo pipefail
root=${AUTOGRADER:-/autograder}
version=PYTHON # of the machine which packed this: the versions in constraints.txt are for it
python=python$version
export DEBIAN_FRONTEND=noninteractive
if ! command -v "$python" >/dev/null || ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if ! { apt-get update && apt-get install -y "$python" "$python-venv"; }; then
        echo "minigrad: this image has no Python $version, with which the autograder was packed:" \
            "pack it with a version that the image's archive has, or choose another base image" >&2
        exit 1
    fi
fi
"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --no-cache-dir -c "$root/source/constraints.txt" \
    -r "$root/source/requirements.txt" "$root"/source/minigrad-*.whl
"$root/venv/bin/python" -I -m minigrad.grading.platforms.gradescope "$root" --test
