#!/bin/sh
# SPDX-License-Identifier: MIT
# What "crashinject completion" prints completes words: all that --help names, in each shell that is here.
set -u

crashinject=$(command -v "${CRASHINJECT:?}")
source=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/completion-XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
checks=0

# is WHAT EXPECTED FILE: the words that were offered are those.
is()
{
	checks=$((checks + 1))
	sort -u "$2" >"$work/expected.sorted"
	sort -u "$3" | sed '/^$/d' >"$work/offered.sorted"
	[ -s "$2" ] && cmp -s "$work/expected.sorted" "$work/offered.sorted" && return
	echo "$1: expected: $(tr '\n' ' ' <"$work/expected.sorted"); offered: $(tr '\n' ' ' <"$work/offered.sorted")"
	failures=$((failures + 1))
}

"$crashinject" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' >"$work/commands"
"$crashinject" models | cut -d' ' -f1 >"$work/models"
echo xfs >"$work/second"
printf '%s\n' sweeps trace >"$work/orders"
mkdir "$work/bin"
ln -s "$crashinject" "$work/bin/crashinject"
PATH=$work/bin:$PATH
mkdir "$work/functions"
for shell in bash zsh fish; do
	"$crashinject" completion $shell >"$work/$shell" || failures=$((failures + 1))
done
cp "$work/zsh" "$work/functions/_crashinject"

# offer SHELL WORD...: what that shell offers for the last of the words.
offer_bash()
{
	# shellcheck disable=SC2016
	bash --norc -c '
		compopt() { :; }
		source "$1"; shift
		COMP_WORDS=(crashinject "$@") COMP_CWORD=$#
		_crashinject 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' bash "$work/bash" "$@"
}

offer_fish()
{
	line=crashinject
	for word; do line="$line $word"; done
	fish --no-config -c "source $work/fish; complete -C '$line'" 2>/dev/null | cut -f1
}

# zsh offers only in a terminal.
offer_zsh()
{
	python3 "$source/tests/complete_in_zsh.py" "$work/functions" "$work/bin" "$@"
}

for shell in bash zsh fish; do
	if ! command -v $shell >/dev/null 2>&1; then
		echo "$shell: is not here, its completion was not tried"
		continue
	fi
	offer_$shell '' >"$work/offered"
	is "$shell: commands" "$work/commands" "$work/offered"
	while read -r command; do
		"$crashinject" "$command" --help | grep -o -e '^ *\(-[a-zA-Z], \)\?--[a-z-]*.*' |
			grep -o -e '--[a-z][a-z-]*' | sort -u >"$work/expected"
		offer_$shell "$command" -- | grep '^--' >"$work/offered"
		sort -u "$work/offered" >"$work/offered.all"
		missing=$(comm -23 "$work/expected" "$work/offered.all" | tr '\n' ' ')
		checks=$((checks + 1))
		[ -s "$work/expected" ] && [ -z "$missing" ] && continue
		echo "$shell: $command: not offered: $missing"
		failures=$((failures + 1))
	done <"$work/commands"
	offer_$shell explore --model '' >"$work/offered"
	is "$shell: models" "$work/models" "$work/offered"
	offer_$shell explore --order '' >"$work/offered"
	is "$shell: orders" "$work/orders" "$work/offered"
	# a shell may offer the word with or without the list that is there already
	offer_$shell explore --model ext4,xf | sed 's/^ext4,//' >"$work/offered"
	is "$shell: a second model" "$work/second" "$work/offered"
done
echo "$checks checks, $failures failures"
[ "$failures" -eq 0 ]
