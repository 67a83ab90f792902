#!/bin/sh
# SPDX-License-Identifier: MIT
# The tutorial's project builds, passes its tests, and fails them when the program is broken. Also called
# by installcheck.sh, which has set everything up so that the installed things are found.
set -eu

skip()
{
	echo "SKIP: tutorial: $*"
	exit 77
}

for tool in autoreconf automake pkg-config make; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done

source=$(cd "${srcdir:-.}" && pwd)
: "${CC:=cc}"
export CC
work=$(mktemp -d "${TMPDIR:-/tmp}/tutorial-XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if [ -z "${INSTALLED:-}" ]; then
	build=$(pwd)
	ACLOCAL_PATH=$source/m4
	CRASHINJECT_CFLAGS="-I$source/include"
	CRASHINJECT_LIBS="-L$build/.libs -lcrashinject -Wl,-rpath,$build/.libs"
	export ACLOCAL_PATH CRASHINJECT CRASHINJECT_CFLAGS CRASHINJECT_LIBS
fi
# a test has no business with how the one that called it was made
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES TESTS TEST_LOGS CHECK_CFLAGS CHECK_LIBS
unset CRASH_AT CRASH_DIR CRASH_AFTER

# quietly COMMAND...: with its output if it fails.
quietly()
{
	"$@" >"$work/output" 2>&1 && return
	cat "$work/output"
	echo "FAIL: $*"
	exit 1
}

mkdir "$work/tutorial" "$work/build" "$work/tmp"
# tests that fail, as below, keep what they found
TMPDIR=$work/tmp
export TMPDIR
cp "$source"/docs/tutorial/* "$work/tutorial"
chmod -R u+w "$work/tutorial"
cd "$work/tutorial"
quietly autoreconf -fi
cd "$work/build"
quietly ../tutorial/configure CFLAGS='-g -O2 -Wall -Wextra -Werror'
grep -q '^#define HAVE_CRASHINJECT 1' config.h || {
	cat config.log
	echo "FAIL: CRASHINJECT_CHECK did not find crashinject"
	exit 1
}
quietly make check
echo "the tutorial's tests: $(grep '^100%' check_notes.log)"
grep '^no findings' check_power.log

# It also lets its reader take the sync out: a killed process does not show that, a power loss does.
sed '/fdatasync(log)/,+1d' ../tutorial/notes.c >"$work/whole"
cp ../tutorial/notes.c "$work/notes.c"
cp "$work/whole" ../tutorial/notes.c
! make check >"$work/output" 2>&1 || { echo "FAIL: without fdatasync it passes its tests"; exit 1; }
if ! grep -q '^100%' check_notes.log || ! grep -q '^finding .*: lost' check_power.log; then
	cat "$work/output" check_notes.log check_power.log
	echo "FAIL: not the test that should have noticed that there is no fdatasync"
	exit 1
fi
# That finding is there, and gone as soon as the sync is back: what git bisect asks.
id=$(sed -n 's/^finding \([0-9a-f]*\): lost.*/\1/p' check_power.log | head -n 1)
cp ../tutorial/check_acked.sh .
bisect()
{
	status=0
	PATH=$(dirname "$CRASHINJECT"):$PATH sh ../tutorial/bisect.sh "$id" >"$work/output" 2>&1 || status=$?
	[ $status = "$1" ] && return
	cat "$work/output"
	echo "FAIL: bisect.sh $id: status $status, not $1"
	exit 1
}
bisect 1
cp "$work/notes.c" ../tutorial/notes.c
bisect 0

# docs/TUTORIAL.md lets its reader take the repair of a torn tail out, and says which test notices.
sed -i 's/ftruncate(log, end) < 0 || lseek(log, end, SEEK_SET)/end < 0 || lseek(log, 0, SEEK_END)/' \
	../tutorial/notes.c
! make check >"$work/output" 2>&1 || { echo "FAIL: a broken notes.c passes its tests"; exit 1; }
grep -q 'F:crashes:notes_go_on_behind_a_torn_frame' check_notes.log || {
	cat "$work/output" check_notes.log
	echo "FAIL: not the test that should have noticed"
	exit 1
}

# A project that can do without crashinject builds without it.
cd "$work"
mkdir without
cd without
quietly ../tutorial/configure --without-crashinject
quietly make check
if grep -q '^#define HAVE_CRASHINJECT 1' config.h || nm notes | grep -q crash_; then
	echo "FAIL: --without-crashinject leaves breakpoints"
	exit 1
fi
echo "and without crashinject: it builds"
