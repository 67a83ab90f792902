#!/bin/sh
# SPDX-License-Identifier: MIT
# order.sh [PATTERN] - how soon causes are seen: JSON lines, one a measurement.
#
# Real programs (tests/targets) are explored wholly, and what was found is gone through again in either order, with all
# verdicts known: after so many checks a state of each cause has been seen. Then a mistake in the last of 100,000 ops is
# looked for by each strategy that can show it. PATTERN chooses rows of the table as tests/targets/run does; all of them
# take half an hour.
#
# CRASHINJECT, CRASHINJECT_PRELOAD and CRASHINJECT_MODELS say what is measured, HELPER the reference stores.
set -eu
targets=$(cd "$(dirname "$0")/../targets" && pwd)
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
TMPDIR=$here
export TMPDIR
load=$(dirname "$HELPER")/tests/bench/load

# number FILE KEY: of the summary
number() { tail -n 1 "$1" | grep -o "\"$2\":[0-9.e-]*" | head -n 1 | cut -d: -f2; }

# checks RESULT ORDER: after so many all causes have been seen
checks() {
	"$CRASHINJECT" explore -q --json --jobs 1 --resume "$1" --order "$2" >again 2>/dev/null </dev/null || :
	number again checks_for_causes
}

mkdir kept
"$targets/run" -k "$here/kept" all ${1:+"$1"} >said 2>&1 || :
for row in kept/*; do
	[ -e "$row/result.json" ] || continue
	old=$(checks "$row" trace) new=$(checks "$row" sweeps)
	all=$(number again checked) found=$(number again findings)
	if [ "${all:-0}" -le 300 ] || [ "${found:-0}" -eq 0 ]; then continue; fi
	awk -v row="${row#kept/}" -v old="$old" -v new="$new" -v all="$all" -v found="$found" 'BEGIN {
		printf "{\"bench\": \"order: %s\", \"value\": %d, \"aim\": %d, \"in_trace_order\": %d, ", row, new,
			(all / 20 > 100 ? all / 20 : 100), old
		printf "\"speed_up\": %.1f, \"checked\": %d, \"causes\": %d}\n", old / new, all, found }'
	awk -v old="$old" -v new="$new" 'BEGIN { print old / new }' >>ratios
done
[ ! -e ratios ] || sort -g ratios | awk '{ all[NR] = $1 } END {
	printf "{\"bench\": \"order: median speed-up\", \"value\": %.1f, \"aim\": 10}\n", all[int((NR + 1) / 2)] }'

# Without any sync, so that everything can be lost at any later point. A file replaced without an fsync is the last.
mkdir data
printf '%08192d' 1 | tr 0 x >content
"$CRASHINJECT" record -q --dir data -o late -- sh -c \
	"cd data && $load pwrite 99990 64 at >/dev/null; cat $here/content >g.tmp; mv g.tmp g; echo done" | cat >/dev/null
rm -rf data
mkdir data
# shellcheck disable=SC2016
check='if [ -e g ]; then cmp -s g '$here'/content; else ! grep -q done "$CRASH_ACKED"; fi'
for tier in all cut omit-1 keep-1 tear; do
	tiers=
	[ $tier = all ] || tiers="--tiers $tier"
	# shellcheck disable=SC2086
	"$CRASHINJECT" explore -q --json --model ext4 $tiers --budget 20s --check "$check" late >again 2>/dev/null || :
	echo "{\"bench\": \"order: the last of 100,000 ops, $tier\", \"value\": $(number again first_failure_seconds)," \
		"\"aim\": 10, \"checked\": $(number again checked), \"seconds\": $(number again seconds)}"
done
