#!/bin/sh
# Installs what tests and the benchmark need beside Python, on Debian. Run as root.
set -eu

# wrk: the load generator of `make bench`. chromium: the browser that tests open the console with.
missing=""
command -v wrk > /dev/null || missing="$missing wrk"
command -v chromium > /dev/null || missing="$missing chromium"
if [ -n "$missing" ]; then
    apt-get update
    # shellcheck disable=SC2086 # words of a list
    apt-get install --yes --no-install-recommends $missing
fi
