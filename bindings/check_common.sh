# SPDX-License-Identifier: MIT
# check_common.sh - what the tests of bindings share; read with "." from the build directory.
#
# The binding's folder, as the test's name has it, is copied to where it may be written, and is the working directory.
set -u
# its own messages are for people of any place
LC_ALL=C
export LC_ALL
unset CRASH_AT CRASH_DIR CRASH_AFTER CRASH_FD CRASH_FD_PATH STORE_BUG

binding=$(basename "$(dirname "$0")")
bindings=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/binding-XXXXXX") || exit 99
# Go's caches may not be written to
trap 'cd /; chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cp -R "$bindings/$binding" "$work/" && chmod -R u+w "$work" && cd "$work/$binding" || exit 99
# what was found is kept by the command for whoever wants to look at it
mkdir "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR
failures=0

skip()
{
	echo "SKIP: $binding: $*"
	exit 77
}

needs()
{
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

fail()
{
	echo "FAIL: $binding: $*"
	failures=$((failures + 1))
}

# same IS EXPECTED ABOUT
same()
{
	[ "$1" = "$2" ] || fail "$3: $1, not $2"
}

contains()
{
	case $1 in *"$2"*) ;; *) fail "no \"$2\" in: $1" ;; esac
}

# smallest COMMAND [ARGUMENT]...: what docs/ADD-A-CRASH-TEST.md shows passes, and fails where the store has its bug.
smallest()
{
	"$@" >smallest.log 2>&1 || { cat smallest.log; fail "the smallest test: $*"; }
	! STORE_BUG=1 "$@" >smallest.log 2>&1 || fail "the smallest test finds nothing: $*"
	contains "$(cat smallest.log)" "fsync of "
}

finish()
{
	[ "$failures" -eq 0 ]
	exit
}
