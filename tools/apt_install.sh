#!/bin/sh
# Install Debian packages when we may, with apt's words only when it fails: apt_install.sh PACKAGE...
set -eu

[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1 || exit 1
echo "==> Installing $* with apt-get"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1 || true # one unreachable extra source must not stop us
said=$(apt-get install -qq -y --no-install-recommends "$@" 2>&1) || {
    echo "$said" >&2
    exit 1
}
