#!/bin/sh
# Make sure that the browser tests have their browser: find one, or install Debian's.
set -eu

ready() {
    .venv/bin/python -m tests.browser >/dev/null && .venv/bin/playwright --version >/dev/null
}

if ready 2>/dev/null; then
    exit 0
fi
# Playwright's own driver needs libatomic, which a bare Debian lacks.
if sh tools/apt_install.sh chromium fonts-liberation libatomic1 && ready; then
    exit 0
fi
echo "No Chromium found: install Debian's chromium or set WIRO_CHROMIUM to the path of a Chromium or Chrome." >&2
if [ -n "${CI:-}" ]; then
    exit 1
fi
echo "The browser tests will be skipped." >&2
