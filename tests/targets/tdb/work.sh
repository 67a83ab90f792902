#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: work.sh [old]
# Transactions of two keys, each acknowledged when tdbtool has ended. old: the database is there, and has had a transaction.
transaction() {
	printf 'open t.tdb\ntransaction_start\ninsert a%s v\ninsert b%s v\ntransaction_commit\n' "$1" "$1" |
		tdbtool >/dev/null && echo "ack $1"
}
if [ "$1" != old ]; then
	printf 'create t.tdb\n' | tdbtool >/dev/null || exit
	transaction 1
fi
transaction 2
transaction 3
