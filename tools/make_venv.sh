#!/bin/sh
# Make .venv with a Python that is new enough, and with what Debian leaves out of its own.
set -eu

new_enough() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if new_enough "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    found=$("${PYTHON:-python3}" --version 2>&1 || true)
    echo "wiro-widgets needs Python 3.11 or newer; ${PYTHON:-python3} here says: $found" >&2
    echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi

# Debian and Ubuntu ship python3 without ensurepip, and `python3 -m venv` then leaves half an environment behind.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    sh tools/apt_install.sh "$package" || {
        echo "$python cannot make virtual environments. On Debian or Ubuntu, as root: apt-get install $package" >&2
        echo "Elsewhere: install whatever provides Python's ensurepip module." >&2
        exit 1
    }
fi

echo "==> Making .venv with $("$python" --version)"
if .venv/bin/python -c '' 2>/dev/null; then
    "$python" -m venv .venv
else
    "$python" -m venv --clear .venv
fi
