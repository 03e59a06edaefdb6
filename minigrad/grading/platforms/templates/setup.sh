#!/usr/bin/env bash
# Gradescope runs this once, as root and with a network, when it makes the autograder's image.
set -euo pipefail
root=${AUTOGRADER:-/autograder}
version=PYTHON # of the machine which packed this: the versions in constraints.txt are for it
export DEBIAN_FRONTEND=noninteractive

# Whether a Python is there that can make an environment, or its name is known to the archive.
there() {
    command -v "$1" >/dev/null && "$1" -c 'import ensurepip' 2>/dev/null
}
comes() {
    apt-get install -y "$1" "$1-venv" && there "$1"
}

python=python$version
if ! there "$python"; then
    apt-get update
    if ! comes "$python"; then
        for python in python3.13 python3.12 python3.11 ""; do
            if there "$python" || { [ "$python" ] && comes "$python"; }; then break; fi
        done
    fi
fi
if [ -z "$python" ]; then
    echo "minigrad: this image has no Python of 3.11 or newer, nor has its archive: choose a newer base image" >&2
    exit 1
fi
pinned=(-c "$root/source/constraints.txt")
if [ "$python" != "python$version" ]; then
    echo "minigrad: packed with Python $version, which this image lacks: set up with $python, and pip's versions"
    pinned=()
fi
"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --no-cache-dir "${pinned[@]}" \
    -r "$root/source/requirements.txt" "$root"/source/minigrad-*.whl
"$root/venv/bin/python" -I -m minigrad_command gradescope "$root" --test
