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
TMPDIR=$here # results of what is found
export TMPDIR
load=$(dirname "$HELPER")/tests/bench/load
checker=$(dirname "$HELPER")/tests/bench/bench_checker

# number SUMMARY KEY: the first of that name, which is the whole's and not a tier's
number() { tail -n 1 "$1" | grep -o "\"$2\":[0-9.e-]*" | head -n 1 | cut -d: -f2; }

explore() { "$CRASHINJECT" explore -q --json --root data "$@" >result 2>/dev/null || :; }

# seconds COMMAND...: that it takes
seconds() {
	start=$(date +%s.%N)
	"$@" >/dev/null 2>&1
	awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print b - a }'
}

# least COMMAND...: seconds of the fastest of five runs
least() {
	for _ in 1 2 3 4 5; do seconds "$@"; done | sort -g | head -n 1
}

# tell NAME VALUE AIM [REST]: a line; REST are more members
tell() { echo "{\"bench\": \"explore: $1\", \"value\": $2${3:+, \"aim\": $3}${4:+, $4}}"; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# written COUNT [OPTION]...: explores COUNT writes with a checker that does nothing
written() {
	count=$1
	shift
	explore --check true "$@" -- sh -c "cd data && exec $load pwrite $count 64 at"
}

# asked COUNT [OPTION]...: the same with a checker server, one worker and processes that are killed
asked() {
	count=$1
	shift
	explore --jobs 1 --model kill --check-server "$checker" "$@" -- sh -c "cd data && exec $load pwrite $count 64 at"
}

# Milliseconds that each checked state took.
each() { awk -v s="$(number result seconds)" -v n="$(number result checked)" 'BEGIN { printf "%.3f", 1000 * s / n }'; }

# Processor seconds of what this shell has waited for.
spent() { times >times && awk 'END { n = split($0, t, "[ms ]+"); print t[1] * 60 + t[2] + t[3] * 60 + t[4] }' times; }

# told NAME AIM [OPTION]...: explores with one worker, and tells states checked in a second of a processor
told() {
	name=$1 aim=$2
	shift 2
	spent >before
	explore --jobs 1 "$@"
	spent >after
	tell "states a second of processor, with a checker server $name" \
		"$(awk -v a="$(cat before)" -v b="$(cat after)" -v n="$(number result checked)" 'BEGIN { printf "%.0f", n / (b - a) }')" \
		"$aim" "\"by_the_clock\": $(awk -v s="$(number result seconds)" -v n="$(number result checked)" 'BEGIN { printf "%.0f", n / s }')"
}

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
	checked=$(number result checked) jobs=$(number result jobs) took=$(number result seconds)
	fixed=$(cd data && seconds sh -c "seq $checked | xargs -P $jobs -I @ sh -c 'sqlite3 t.db \"pragma integrity_check\"'")
	tell "states checked a second, against that checker on a fixed directory" "$(ratio "$fixed" "$took")" 0.85

	told "over libsqlite3" 1500 --model posix --check-server "$checker t.db" -- sqlite3 data/t.db ".read $here/work.sql"

	(echo 'create table u(a);'; seq -f 'insert into u values(%g);' 1000) >many.sql
	transactions() { rm -f data/u.db*; "$@" sqlite3 data/u.db ".read $here/many.sql"; rm -f trace; }
	bare=$(least transactions env)
	tell "recording 1,000 transactions of sqlite3, against none" \
		"$(ratio "$(least transactions "$CRASHINJECT" record -q -o trace --root data --)" "$bare")" 1.1
	rm -f data/*
else
	echo '{"bench": "explore", "skipped": "sqlite3 is not installed"}'
fi

told "that does nothing" 2500 --check-server "$checker" -- sh -c "cd data && exec $load pwrite 8000 64 at"

written 1000
base=$(each)
for count in 4000 16000; do
	written $count
	tell "time for each state of $count writes, against 1000" "$(ratio "$(each)" "$base")" 1 "\"ms\": $(each)"
done

head -c 1000000 /dev/zero >data/ballast
written 500
base=$(each)
head -c 1000000000 /dev/zero >data/ballast
written 500
tell "time for each state of a directory of 1 GB, against 1 MB" "$(ratio "$(each)" "$base")" 1 "\"ms\": $(each)"

head -c 64000000 /dev/zero >data/ballast
written 2000 --jobs 1
base=$(each)
copied() { cp -r data copy && sh -c true && rm -r copy; }
copies() { for _ in 1 2 3 4 5 6 7 8 9 10; do copied; done; }
tell "copying a directory of 64 MB for each state, against that" \
	"$(awk -v s="$(seconds copies)" -v b="$base" 'BEGIN { printf "%.1f", 100 * s / b }')" 50
written 500 --jobs 1
base=$(each)
written 500 --jobs 1 --copy
tell "time for each state on copies of 64 MB, against overlays" "$(ratio "$(each)" "$base")" 2 "\"ms\": $(each)"
asked 1500
base=$(each)
asked 1500 --copy
tell "time for each state on copies of 64 MB with a checker server, against overlays" "$(ratio "$(each)" "$base")" 2 "\"ms\": $(each)"
rm data/ballast
mkdir data/many
i=1
while [ $i -le 200 ]; do echo $i >data/many/$i; i=$((i + 1)); done
written 500 --jobs 1
base=$(each)
written 500 --jobs 1 --copy
tell "time for each state on copies of 200 files, against overlays" "$(ratio "$(each)" "$base")" 2 "\"ms\": $(each)"
asked 1500
base=$(each)
asked 1500 --copy
tell "time for each state on copies of 200 files with a checker server, against overlays" "$(ratio "$(each)" "$base")" 2 "\"ms\": $(each)"
rm -r data/many
written 2000
base=$(number result seconds)
written 2000 --rerun
tell "a run for each of 2,000 points, against that" "$(ratio "$(number result seconds)" "$base")" 50

# Time to the first failure, for each planted bug that its scenario's exploration finds.
"$HELPER" bugs --json | sed -n 's/.*"bug": *"\([^"]*\)".*"scenario": *"\([^"]*\)".*/\1 \2/p' | while read -r bug scenario; do
	rm -rf data && mkdir data
	explore --model posix --check "HELPER_BUG=$bug $HELPER verify . \$CRASH_ACKED" -- \
		env CRASH_DIR="$here/data" "$HELPER" --bug "$bug" "$scenario"
	first=$(number result first_failure_seconds)
	[ -z "$first" ] || printf '{"bench": "explore: time to the first failure", "bug": "%s", "seconds": %s, "checked": %s}\n' \
		"$bug" "$first" "$(number result checked)"
done
