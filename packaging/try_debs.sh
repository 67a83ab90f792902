#!/bin/sh
# SPDX-License-Identifier: MIT
# try_debs.sh - Debian packages on a bare system, and what somebody does first with them. Usage: packaging/try_debs.sh DEB...
#
# From nothing to the first finding takes less than a minute: of a processor, as nobody knows what else the machine does.
set -eu

began=$(date +%s)
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -qy --no-install-recommends "$@"
"$(dirname "$0")/try.sh"
took=$(($(date +%s) - began))
spent=$(mktemp)
times >"$spent"
# the second line is of what this shell has waited for
awk -v took=$took 'NR == 2 { split($0, t, "[ms ]+"); spent = t[1] * 60 + t[2] + t[3] * 60 + t[4] }
	END { print "the first finding after " took " s, of which a processor worked " spent; exit !(spent > 0 && spent < 60) }' "$spent" ||
	{ echo "FAIL: that is too long"; exit 1; }
rm "$spent"
