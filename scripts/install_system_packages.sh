#!/bin/sh
# Installs what tests and the benchmark need beside Python, on Debian and Ubuntu. Run as root.
set -eu

# wrk: the load generator of `make bench`.
apt-get update
apt-get install --yes --no-install-recommends wrk
