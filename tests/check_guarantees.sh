#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check_guarantees.sh - docs/GUARANTEES.md names tests that there are, and has every reason for which a result is
# incomplete.
#
# Each row of its tables ends with "check_a: test, test; check_b: test". The first cell of a row about a reason is
# its name in common/incomplete.def, or a part of its text, in backticks.
set -u

cd "${srcdir:-$(dirname "$0")/..}" || exit 99
work=$(mktemp -d "${TMPDIR:-/tmp}/guarantees-XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
page=docs/GUARANTEES.md
failures=0

complain()
{
	echo "FAIL: $page: $*"
	failures=$((failures + 1))
}

# ---------------------------------------------------------------- tests

# The rows without their heads: the last cell of each.
awk -F ' *[|]( |$)' '
/^\|---/ { inside = 1; next }
!/^\|/ { inside = 0 }
inside { print $(NF - 1) }' $page >"$work/cells"
tr ';' '\n' <"$work/cells" | sed 's/^ *//' >"$work/named"
count=0
while IFS= read -r line; do
	file=${line%%:*}
	case $line in
	check_*:*) ;;
	*) complain "this names no test: \"$line\"" && continue ;;
	esac
	found=$(find tests -name "$file.c" | head -n 1)
	[ -n "$found" ] || { complain "there is no $file.c" && continue; }
	for test in $(echo "${line#*:}" | tr ',' ' '); do
		count=$((count + 1))
		grep -q "START_TEST($test)" "$found" || complain "$found has no test $test"
	done
done <"$work/named"

# ---------------------------------------------------------------- reasons

sed -n 's/^| `\(.*\)` |.*|.*|$/\1/p' $page >"$work/reasons"
sed -n 's/^INCOMPLETE([A-Z_0-9]*, \([a-z-]*\),.*/\1/p' common/incomplete.def >"$work/names"

# Texts of the sources, each string on one line.
find base cli common explore report runner trace -name '*.c' | sort | xargs cat |
	sed 's/^[ \t]*//' | tr '\n' ' ' | sed "s/\\\\\"/'/g" | sed 's/" *"//g' >"$work/text"
grep -o -e 'crash__recording_incomplete([^";]*"[^"]*"' -e 'CRASH__MISSED, *"[^"]*"' "$work/text" |
	sed 's/^[^"]*"//; s/"$//' | grep -vxF %s >"$work/texts"

while IFS= read -r name; do
	grep -qxF -e "$name" "$work/reasons" || complain "the reason $name has no row"
done <"$work/names"
while IFS= read -r reason; do
	grep -qxF -e "$reason" "$work/names" || grep -qF -e "$reason" "$work/text" ||
		complain "nothing gives the reason \"$reason\""
done <"$work/reasons"
while IFS= read -r text; do
	while IFS= read -r reason; do
		case $text in *"$reason"*) continue 2 ;; esac
	done <"$work/reasons"
	complain "the reason \"$text\" has no row"
done <"$work/texts"

for list in cells reasons names texts; do
	[ -s "$work/$list" ] || complain "no $list were found to compare"
done
echo "$page: $count tests, $(grep -c '' "$work/reasons") reasons"
[ $failures = 0 ]
