#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check_checks.sh - check_guarantees.sh, check_layers.sh, check_machines.sh and check_style.sh can fail: each fault
# that they look for is planted in a copy.
set -u

source=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/checks-XXXXXX") || exit 99
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failures=0

# The sources alone, which may come from a read-only tree.
mkdir "$work/tree"
(cd "$source" && find . \( -name 'build*' -o -name '_*' -o -name '.git' -o -name 'crashinject-[0-9]*' \) -prune -o \
	\( -name '*.[chS]' -o -name '*.cc' -o -name '*.def' -o -name '.clang-format' -o -name '*.md' \
	-o -name '*.am' -o -name configure.ac -o -name options.sh \) -print) >"$work/list"
(cd "$source" && tar cf - -T "$work/list") | (cd "$work/tree" && tar xf - && chmod -R u+w .) || exit 99

# plant FILE: what is on standard input goes to the end of it.
plant()
{
	echo "$1" >"$work/planted" # it runs in a shell of its own
	cat >>"$work/tree/$1"
}

# fails CHECK TEXT: the check fails on the copy, and says so. Takes out what was planted.
fails()
{
	if srcdir=$work/tree sh "$source/tests/$1" >"$work/said" 2>&1; then
		echo "FAIL: $1 passes with: $2"
		failures=1
	elif ! grep -q -e "$2" "$work/said"; then
		echo "FAIL: $1 does not say \"$2\" but:"
		cat "$work/said"
		failures=1
	else
		echo "ok: $1: $2"
	fi
	planted=$(cat "$work/planted")
	rm "$work/tree/$planted"
	[ ! -e "$source/$planted" ] || { cp "$source/$planted" "$work/tree/$planted" && chmod u+w "$work/tree/$planted"; }
}

passes()
{
	srcdir=$work/tree sh "$source/tests/$1" >"$work/said" 2>&1 && return
	echo "FAIL: $1 fails on a copy without any fault:"
	cat "$work/said"
	exit 1
}

passes check_guarantees.sh
passes check_layers.sh
passes check_machines.sh
passes check_style.sh

# an arrow upwards
echo '#include "runner/run.h"' | plant trace/writer.c
fails check_layers.sh 'trace/ must not know runner/ (runner/run.h)'
echo '#include "explore/check/engine.h"' | plant explore/states/tiers.h
fails check_layers.sh 'explore/states/ must not know explore/check/'
# into another process's world
echo '#include "base/error.h"' | plant preload/op.c
fails check_layers.sh 'preload/ must not know base/'
# two modules that need each other
echo '#include "trace/reader.h"' | plant trace/records.c
fails check_layers.sh 'modules that need each other'
# a component that the document does not have, a file that is not there, a name and a guard twice over
mkdir "$work/tree/attic" && echo 'int x;' | plant attic/thing.c
fails check_layers.sh 'attic/thing.c: its folder has no row'
echo '#include "common/nothing.h"' | plant common/glob.c
fails check_layers.sh 'there is no "common/nothing.h"'
echo 'int x;' | plant runner/reader.c
fails check_layers.sh 'two files are called reader.c'
printf '#ifndef CRASH_PLAN_H\n#endif\n' | plant common/guard.h
fails check_layers.sh 'have the same include guard'
# a row that allows what is above it
sed 's/^| `trace\/` |\(.*\)| \(.*\) |$/| `trace\/` |\1| \2 runner |/' "$source/docs/ARCHITECTURE.md" >"$work/document"
: >"$work/tree/docs/ARCHITECTURE.md" && plant docs/ARCHITECTURE.md <"$work/document"
fails check_layers.sh 'trace/ may include runner/, which is not above it'

# a reason without a row, by its name and by its text; a row without its reason; tests and files that are not there
echo 'INCOMPLETE(MOON, full-moon, "the moon was full")' | plant common/incomplete.def
fails check_guarantees.sh 'the reason full-moon has no row'
echo 'int f(void) { return crash__recording_incomplete(recording, "the moon " "was full"); }' | plant explore/moon.c
fails check_guarantees.sh 'the reason "the moon was full" has no row'
printf '| `the moon was full` | | check_reasons: a_trace_that_was_cut_is_never_clear |\n' | plant docs/GUARANTEES.md
fails check_guarantees.sh 'nothing gives the reason "the moon was full"'
printf '| It is. | check_reasons: the_moon_is_seen |\n' | plant docs/GUARANTEES.md
fails check_guarantees.sh 'check_reasons.c has no test the_moon_is_seen'
printf '| It is. | check_moon: the_moon_is_seen |\n' | plant docs/GUARANTEES.md
fails check_guarantees.sh 'there is no check_moon.c'
printf '| It is. | |\n' | plant docs/GUARANTEES.md
fails check_guarantees.sh 'this names no test: ""'

# knowledge of a machine in C, in a Makefile, in assembly; a machine without all of its files; a call that is old
echo 'static void wait(void) { __builtin_ia32_pause(); }' | plant explore/states/tiers.c
fails check_machines.sh 'this knows a machine: explore/states/tiers.c:'
echo 'x_LDFLAGS = -Wl,-Ttext-segment=0x7e9000000000' | plant helper/Makemodule.am
fails check_machines.sh 'this knows a machine: helper/Makemodule.am:'
echo '	ret' | plant preload/stub.S
fails check_machines.sh 'assembly outside .*: preload/stub.S: '
mkdir "$work/tree/supervisor/machine/other" && echo 'int x;' | plant supervisor/machine/other/machine_registers.c
fails check_machines.sh 'the machine other lacks preload/machine/other/stub.S'
rmdir "$work/tree/supervisor/machine/other"
echo 'int x = SYS_pipe;' | plant preload/fds.c
fails check_machines.sh 'pipe is not in every kernel'

awk 'BEGIN { printf "/* "; for (i = 0; i < 28; i++) printf "abcd"; print " */" }' | plant base/copy.c
fails check_style.sh 'base/copy.c:.* columns'
{
	printf 'void long_one(void)\n{\n'
	awk 'BEGIN { for (i = 0; i < 50; i++) print "\tint x" i ";" }'
	printf '}\n'
} | plant base/copy.c
fails check_style.sh 'a function of 50 lines'
awk 'BEGIN { for (i = 0; i < 4300; i++) print "int x" i ";" }' | plant base/long.c
fails check_style.sh 'base/: .* lines in one folder, and no reason'
echo 'static const char *name(void) { return strerrorname_np(5); }' | plant cli/main.c
fails check_style.sh 'cli/main.c:[0-9]*: glibc 2.31 does not have this: .*strerrorname_np'
echo 'static long call(void) { return syscall(SYS_futex_waitv); }' | plant runner/run.c
fails check_style.sh 'runner/run.c:[0-9]*: glibc 2.31 does not have this: .*SYS_futex_waitv'
if srcdir=$work/tree sh "$source/tests/check_style.sh" | grep SKIP; then
	exit $failures
fi
echo 'static int   x ;' | plant base/copy.c
fails check_style.sh 'clang-format would change this'
exit $failures
