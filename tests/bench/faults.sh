#!/bin/sh
# SPDX-License-Identifier: MIT
# faults.sh - what runs with a fault cost: JSON lines, one a measurement.
#
# A run with a fault is measured against the bare program, which is run in between, round after round, so that what else
# the machine does falls on both. The sweep has one worker: this is what a processor does. What the checker takes is no
# part of it. A program may give up at a fault, and is done sooner then. The bare program's data is in memory, as the
# sweep's is, or a disk that is slow would make any ratio good.
#
# CRASHINJECT and CRASHINJECT_PRELOAD say what is measured, HELPER the reference stores.
set -eu
here=$(mktemp -d)
memory=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/crash-bench-XXXXXX")
trap 'rm -rf "$here" "$memory"' EXIT
TMPDIR=$here
export TMPDIR
load=$(dirname "$HELPER")/tests/bench/load
checker=$(dirname "$HELPER")/tests/bench/bench_checker
rounds=3

now() { date +%s.%N; }

# number KEY: of the summary
number() { tail -n 1 "$here/result" | grep -o "\"$1\":[0-9.e-]*" | head -n 1 | cut -d: -f2; }

# bare: seconds of a run, the mean of ten, each of which begins with what `prepare` makes
bare() {
	all=0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rm -rf "$memory/data"
		mkdir "$memory/data"
		(cd "$memory/data" && prepare)
		start=$(now)
		(cd "$memory/data" && exec sh -c "$program" >/dev/null 2>&1) || return 1
		all=$(awk -v s="$all" -v a="$start" -v b="$(now)" 'BEGIN { print s + b - a }')
	done
	awk -v s="$all" 'BEGIN { print s / 10 }'
}

# faulted: seconds of a run with a fault, without the checker's
faulted() {
	rm -rf "$here/data"
	mkdir "$here/data"
	(cd "$here/data" && prepare)
	(cd "$here/data" && "$CRASHINJECT" faults -q --json --jobs 1 --budget 100 --exit-ok any --check-server "$checker" -- \
		sh -c "$program" >"$here/result" 2>"$here/said" </dev/null) || :
	[ "$(number runs)" -gt 1 ] 2>/dev/null || {
		cat "$here/said" >&2
		return 1
	}
	awk -v s="$(number seconds)" -v c="$(number checker_seconds)" -v n="$(number runs)" -v p="$(number run_seconds)" \
		'BEGIN { print (s - c) / n, 1 - p / (s - c) }'
}

# median FILE [COLUMN]
median() { awk -v at="${2:-1}" '{ print $at }' "$1" | sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# measure NAME [AIM]
measure() {
	rm -f "$here"/*.all
	for _ in $(seq $rounds); do
		bare >>"$here/bare.all"
		faulted >>"$here/faulted.all"
	done
	awk -v name="$1" -v aim="${2:-}" -v f="$(median "$here/faulted.all")" -v m="$(median "$here/bare.all")" \
	    -v outside="$(median "$here/faulted.all" 2)" -v classes="$(number classes)" -v all="$(number all)" 'BEGIN {
		printf "{\"bench\": \"faults: a run of %s with a fault, against the bare program\", \"value\": %.2f, ", name, f / m
		if (aim) printf "\"aim\": %s, ", aim
		printf "\"ms\": %.2f, \"bare_ms\": %.2f, \"faults_a_second\": %.0f}\n", 1000 * f, 1000 * m, 1 / f
		printf "{\"bench\": \"faults: of a run of %s with a fault, the time outside of the program\", \"value\": %.3f}\n", name, outside
		printf "{\"bench\": \"faults: share of representatives, %s\", \"value\": %.3f, \"faults\": %d, \"call_sites_and_errors\": %d}\n", name, classes / all, all, classes }'
}

prepare() { :; }
program='exec sh -c "echo a >f"'
measure 'a shell that writes a line'

program="exec $load pwrite 20 4096 at"
measure '22 writes'

program='awk "BEGIN { for (i = 0; i < 2000000; i++) x += i }"; echo a >f; exit 0'
measure 'a program that computes' 1.5

if command -v sqlite3 >/dev/null; then
	prepare() { sqlite3 t.db 'create table t(a)'; }
	i=1
	while [ $i -le 10 ]; do echo "insert into t values($i); select $i;"; i=$((i + 1)); done >"$here/work.sql"
	program="exec sqlite3 t.db '.read $here/work.sql'"
	measure 'sqlite3, 10 transactions' 1.5
	seq -f 'insert into t values(%g);' 300 >"$here/many.sql"
	program="exec sqlite3 t.db '.read $here/many.sql'"
	measure 'sqlite3, 300 transactions' 1.5
fi
if command -v git >/dev/null; then
	prepare() {
		git init -q . && git config user.name a && git config user.email a@example.org
		for i in 1 2 3 4 5 6 7 8 9; do seq "$i" 3000 >"$i"; done
		git add .
	}
	program='exec git commit -qm one'
	measure 'git commit' 1.5
fi
