#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check_style.sh - what a machine can see of CONTRIBUTING.md's style.
#
# Usage: check_style.sh [TREE]
#
# No line of C is over 110 columns, no function of the product over 49 lines, no folder of it over 4,200 without a
# reason, nothing uses what the oldest libc lacks, and clang-format 14 would change nothing. Other versions of it break
# lines elsewhere: without that one this part is skipped.
set -u

here=$(dirname "$0")
cd "${1:-${srcdir:-$here/..}}" || exit 99
work=$(mktemp -d "${TMPDIR:-/tmp}/style-XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

find . -name '*.[ch]' -o -name '*.cc' | sed 's,^\./,,' |
	grep -v -e '^build' -e '^_' -e '^crashinject-[0-9]' -e '^docs/' -e '^bindings/' -e '^\.' | sort >"$work/files"
find . -name '*.S' -o -name '*.def' | sed 's,^\./,,' | grep -v -e '^build' -e '^_' -e '^crashinject-[0-9]' -e '^\.' |
	sort >"$work/others"

cat "$work/files" "$work/others" | xargs awk '
	{
		n = split($0, parts, "\t")
		columns = length(parts[1])
		for (i = 2; i <= n; i++) columns += 8 - columns % 8 + length(parts[i])
		if (columns > 110) print FILENAME ":" FNR ": " columns " columns"
	}' >"$work/long"
grep -v '^tests/' "$work/files" | xargs awk '
	FNR == 1 { start = 0 }
	/^{/ { start = FNR }
	/^}/ {
		if (start && FNR - start - 1 >= 50) print FILENAME ":" start ": a function of " FNR - start - 1 " lines"
		start = 0
	}' >>"$work/long"
# A folder of over about 4,000 lines says why, at the top of its Makemodule.am.
grep -v '^tests/' "$work/files" | xargs wc -l | awk '$2 ~ /\// { sub(/\/[^\/]*$/, "", $2); lines[$2] += $1 }
	END { for (folder in lines) if (lines[folder] > 4200) print folder, lines[folder] }' | while read -r folder lines; do
	head -n 8 "$folder/Makemodule.am" 2>/dev/null | grep -q 'More than 4,000 lines' ||
		echo "$folder/: $lines lines in one folder, and no reason at the top of its Makemodule.am"
done >>"$work/long"
# glibc 2.31 has neither these functions nor these numbers. Who wants them includes what defines them, or asks for
# the version; the shim has two of them as its own.
functions='strerrorname_np|strerrordesc_np|sigabbrev_np|sigdescr_np|close_range|closefrom|execveat|_Fork|epoll_pwait2'
functions="$functions|arc4random|strlcpy|strlcat|pidfd_open|pidfd_getfd|pidfd_spawn|process_madvise|mount_setattr"
numbers='close_range|openat2|pidfd_getfd|faccessat2|process_madvise|epoll_pwait2|mount_setattr|quotactl_fd'
numbers="$numbers|landlock_[a-z_]+|memfd_secret|process_mrelease|futex_waitv|cachestat|fchmodat2|statmount|listmount"
lacks() {
	xargs grep -LE "__GLIBC_PREREQ|$1" <"$work/files" | grep -v -e '^preload/closes.c' -e '^preload/exec.c' |
		xargs grep -nHE "\b($2)" | grep -v '^[^:]*:[0-9]*:[[:space:]]*/*\*' |
		sed 's/^\([^:]*:[0-9]*\):[[:space:]]*/\1: glibc 2.31 does not have this: /'
}
lacks '"tests/programs/older_libc.h"' "($functions)\(|__libc_single_threaded\b" >>"$work/long"
lacks '"(common/numbers|tests/programs/older_libc).h"|^#define SYS_' "SYS_($numbers)\b" >>"$work/long"
while IFS= read -r text; do
	echo "FAIL: $text"
	failed=1
done <"$work/long"

for format in clang-format-14 clang-format ''; do
	[ -n "$format" ] || break
	command -v "$format" >/dev/null && "$format" --version | grep -q 'version 14\.' && break
done
if [ -z "$format" ]; then
	echo "SKIP: clang-format: version 14 of it is not installed"
elif ! xargs "$format" --dry-run -Werror <"$work/files" >"$work/said" 2>&1; then
	echo "FAIL: clang-format would change this; run $format -i:"
	sed -n 's/^\([^:]*:[0-9]*\):.*/  \1/p' "$work/said" | sort -u | head -n 20
	failed=1
fi
exit $failed
