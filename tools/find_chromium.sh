#!/bin/sh
# Make sure that the browser tests have their browser: find one, or install Debian's.
set -eu

found() {
    .venv/bin/python -m tests.browser >/dev/null 2>&1
}

found && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "==> Installing Chromium with apt-get"
    apt-get update -qq || true # one unreachable extra source must not stop us
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-liberation >/dev/null || true
fi
found && exit 0
echo "No Chromium found: install Debian's chromium or set WIRO_CHROMIUM to the path of a Chromium or Chrome." >&2
if [ -n "${CI:-}" ]; then
    exit 1
fi
echo "The browser tests will be skipped." >&2
