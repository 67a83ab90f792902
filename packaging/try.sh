#!/bin/sh
# SPDX-License-Identifier: MIT
# try.sh - what somebody does first with a crashinject that was just installed: it has to work with nothing else.
# Usage: packaging/try.sh [COMMAND]
set -eu

command=${1:-crashinject}
work=$(mktemp -d)
export TMPDIR="$work" # also for results that nobody named a place for
trap 'rm -rf "$work"' EXIT
mkdir "$work/data"
cd "$work/data"
echo old >note

# ends STATUS COMMAND...
ends()
{
	expected=$1 status=0
	shift
	"$@" >"$work/output" 2>&1 || status=$?
	cat "$work/output"
	[ $status = "$expected" ] || { echo "FAIL: $* ended with $status instead of $expected"; exit 1; }
}

ends 0 "$command" --version
ends 0 "$command" models
ends 0 "$command" run --at 'write#1' --dir . -- sh -c 'echo new >note'
ends 0 "$command" list -- sh -c 'echo new >note'
grep -q 'write#1' "$work/output"
ends 1 "$command" explore --model posix --check '[ -s note ]' -- sh -c 'echo new >tmp; mv tmp note'
grep -q 'rename' "$work/output"
! grep -q 'copies' "$work/output"
status=0
"$command" doctor -q || status=$?
[ $status -le 1 ] || { echo "FAIL: doctor ended with $status"; exit 1; }
echo "the first finding was there"
