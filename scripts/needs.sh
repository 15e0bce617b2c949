#!/bin/sh
# Installs what the tests talk to: PostgreSQL 15, Debian's docker-registry, clamd and xmllint. Does nothing where they are.
set -eu
missing=
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v docker-registry >/dev/null 2>&1 || missing="$missing docker-registry"
command -v xmllint >/dev/null 2>&1 || missing="$missing libxml2-utils"
command -v clamd >/dev/null 2>&1 || [ -x /usr/sbin/clamd ] || missing="$missing clamav-daemon"
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
  echo "the tests need$missing: install them, or run this as root on Debian" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# RUNLEVEL=1 keeps the packages from starting services of their own.
apt-get -qq update
# shellcheck disable=SC2086
RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
