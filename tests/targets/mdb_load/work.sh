#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [OPTION]...
# A database loaded from text by two processes, each acknowledged when it has ended. In the second run of the same keys there
# are more.
dump() {
	printf 'VERSION=3\nformat=print\ntype=btree\nmapsize=1048576\nHEADER=END\n'
	seq 1 "$1" | sed 's/.*/ key&\n value&/'
	echo DATA=END
}
for count in 20 40; do
	dump "$count" | mdb_load -n "$@" t.mdb || exit
	echo "ack $count"
done
