#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [OPTION]
# The second version is installed over the first one, with an option of dpkg if one is given.
PATH=$PATH:/usr/sbin:/sbin
dpkg --root="$PWD/root" --force-not-root --log=/dev/null "${1:---no-force-unsafe-io}" --install small-2.deb </dev/null >/dev/null 2>&1 ||
	exit
echo "ack 2"
