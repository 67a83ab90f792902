#!/bin/sh
# SPDX-License-Identifier: MIT
# explore.sh - what exploring costs: JSON lines, one a measurement.
#
# CRASHINJECT and CRASHINJECT_PRELOAD say what is measured, HELPER the reference stores. Everything is a ratio
# or a count of the same run; times are given beside them, and are worth as much as the machine is quiet.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
mkdir data

# number SUMMARY KEY: the first of that name, which is the whole's and not a tier's
number() { tail -n 1 "$1" | grep -o "\"$2\":[0-9.e-]*" | head -n 1 | cut -d: -f2; }

explore() { "$CRASHINJECT" explore -q --json --root data "$@" >result 2>/dev/null || :; }

if command -v sqlite3 >/dev/null; then
	sqlite3 data/t.db 'create table t(a); insert into t values(0)'
	i=1
	while [ $i -le 10 ]; do echo "insert into t values($i); select $i;"; i=$((i + 1)); done >work.sql
	# a check of about 2 ms
	explore --model posix --check 'sqlite3 t.db "pragma integrity_check" >/dev/null' -- sqlite3 data/t.db ".read $here/work.sql"
	awk -v s="$(number result seconds)" -v c="$(number result checker_seconds)" -v j="$(number result jobs)" \
	    -v n="$(number result checked)" -v all="$(number result states)" -v d="$(number result distinct)" \
	    -v m="$(number result peak_memory_bytes)" -v t="$(number result trace_bytes)" 'BEGIN {
		printf "{\"bench\": \"explore: share of time outside of checkers\", \"value\": %.3f, \"aim\": 0.15, \"check_ms\": %.2f, \"checked\": %d}\n", 1 - c / j / s, 1000 * c / n, n
		printf "{\"bench\": \"explore: states named for each that is different\", \"value\": %.2f, \"states\": %d, \"distinct\": %d}\n", all / d, all, d
		printf "{\"bench\": \"explore: memory for each byte of trace\", \"value\": %.1f, \"bytes\": %d, \"trace_bytes\": %d}\n", m / t, m, t }'
else
	echo '{"bench": "explore", "skipped": "sqlite3 is not installed"}'
fi

# Time to the first failure, for each planted bug that its scenario's exploration finds.
"$HELPER" bugs --json | sed -n 's/.*"bug": *"\([^"]*\)".*"scenario": *"\([^"]*\)".*/\1 \2/p' | while read -r bug scenario; do
	rm -rf data && mkdir data
	explore --model posix --check "HELPER_BUG=$bug $HELPER verify . \$CRASH_ACKED" -- \
		env CRASH_DIR="$here/data" "$HELPER" --bug "$bug" "$scenario"
	first=$(number result first_failure_seconds)
	[ -z "$first" ] || printf '{"bench": "explore: time to the first failure", "bug": "%s", "seconds": %s, "checked": %s}\n' \
		"$bug" "$first" "$(number result checked)"
done
