#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check_layers.sh - the components know each other in one direction only, and so do the files of each.
#
# Usage: check_layers.sh [TREE]
#
# docs/ARCHITECTURE.md has a table of the components between two comments, lowest first:
#
#	| `explore/fs/` | the model file system | base common trace |
#
# Every quoted include of a component must lead to itself or to one that its row names, every folder with sources must
# have a row, and a row names only components above it. A file and its header are one module: no two modules may need
# each other, by whatever way round. And no two source files have the same name, no two headers the same guard.
set -u

here=$(dirname "$0")
cd "${1:-${srcdir:-$here/..}}" || exit 99
work=$(mktemp -d "${TMPDIR:-/tmp}/layers-XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
	echo "FAIL: $*"
	failed=1
}

# component<TAB>allowed components, as the document has them
sed -n '/<!-- layers -->/,/<!-- end of layers -->/s/^| `\([a-z/]*\)\/` *|[^|]*| *\([^|]*\) *|$/\1\t\2/p' docs/ARCHITECTURE.md |
	sed 's/`//g; s/ *$//' >"$work/table"
[ -s "$work/table" ] || { complain "docs/ARCHITECTURE.md has no table of components"; exit 1; }

find . -name '*.[chS]' -o -name '*.cc' -o -name '*.def' | sed 's,^\./,,' |
	grep -v -e '^build' -e '^_' -e '^crashinject-[0-9]' -e '^docs/' -e '^bindings/' -e '^\.' -e '^tests/targets/' | sort >"$work/files"
grep -v '^tests/' "$work/files" >"$work/product"

# ------------------------------------------------------------------ the table itself

awk -F'\t' '{
	n = split($2, names, " ")
	for (i = 1; i <= n; i++)
		if (names[i] != "-" && !(names[i] in seen)) print $1 "/ may include " names[i] "/, which is not above it"
	seen[$1] = 1
}' "$work/table" >"$work/bad"
while read -r text; do
	complain "the table of docs/ARCHITECTURE.md: $text"
done <"$work/bad"

# ------------------------------------------------------------------ arrows between components

# file<TAB>line<TAB>what it includes, as a path from the top where that is there, else beside the file; what is asked
# for by __has_include on the line before need not be there
xargs awk '
	FNR == 1 { asked = 0 }
	/^[ \t]*#.*__has_include\(/ { asked = FNR + 1 }
	/^[ \t]*#[ \t]*include[ \t]*"/ && FNR != asked { split($0, part, "\""); print FILENAME "\t" FNR "\t" part[2] }
	' <"$work/product" >"$work/includes"
awk -F'\t' -v files="$work/product" '
	BEGIN { while ((getline file <files) > 0) known[file] = 1 }
	{
		beside = $1; sub(/[^\/]*$/, "", beside)
		path = $3 in known ? $3 : (beside $3) in known ? beside $3 : ("include/" $3) in known ? "include/" $3 : ""
		if (path == "" && $3 == "config.h") next # which configure makes
		if (path == "") print "LOST\t" $0; else print $1 "\t" $2 "\t" path
	}' "$work/includes" >"$work/arrows"
awk -F'\t' '$1 == "LOST" { print $2 ":" $3 ": there is no \"" $4 "\" in the tree" }' "$work/arrows" >"$work/bad"
awk -F'\t' -v table="$work/table" '
	# the component of a path is the longest row that it begins with
	function component(path,   row, best) {
		best = ""
		for (row in allowed)
			if (index(path, row "/") == 1 && length(row) > length(best)) best = row
		return best
	}
	BEGIN { while ((getline line <table) > 0) { split(line, part, "\t"); allowed[part[1]] = " " part[2] " " } }
	$1 == "LOST" { next }
	{
		from = component($1); to = component($3)
		if (from == "") { if (!($1 in told)) print $1 ": its folder has no row in docs/ARCHITECTURE.md"; told[$1] = 1 }
		else if (from != to && index(allowed[from], " " to " ") == 0)
			print $1 ":" $2 ": " from "/ must not know " to "/ (" $3 ")"
	}' "$work/arrows" >>"$work/bad"
awk -F'\t' -v table="$work/table" '
	function component(path,   row, best) {
		for (row in rows) if (index(path, row "/") == 1) return row
		return ""
	}
	BEGIN { while ((getline line <table) > 0) { split(line, part, "\t"); rows[part[1]] = 1 } }
	component($1) == "" { print $1 ": its folder has no row in docs/ARCHITECTURE.md" }' "$work/product" >>"$work/bad"
sort -u "$work/bad" >"$work/sorted"
while IFS= read -r text; do
	complain "$text"
done <"$work/sorted"

# ------------------------------------------------------------------ circles between modules

awk -F'\t' '
	function module(path) { sub(/\.[a-zA-Z]*$/, "", path); return path }
	$1 != "LOST" && $3 !~ /\.def$/ && module($1) != module($3) { print module($1), module($3) }' "$work/arrows" | sort -u >"$work/pairs"
if ! tsort "$work/pairs" >/dev/null 2>"$work/circles"; then
	complain "modules that need each other:"
	grep -v 'input contains a loop' "$work/circles" | sed 's/^tsort: /      /'
fi

# ------------------------------------------------------------------ names

# what machines have in machine/ is named after what it is a machine's part of
grep -v '/machine/' "$work/files" | sed 's,.*/,,' | sort | uniq -d >"$work/twice"
while read -r name; do
	complain "two files are called $name: $(grep "\(^\|/\)$name\$" "$work/files" | tr '\n' ' ')"
done <"$work/twice"
grep '\.h$' "$work/files" | while read -r header; do
	echo "$(sed -n 's/^#ifndef \([A-Z0-9_]*_H\)$/\1/p' "$header" | head -n 1) $header"
done | sort >"$work/guards"
awk '{ if ($1 == last) print $2 " and " file " have the same include guard, " $1; last = $1; file = $2 }' "$work/guards" >"$work/bad"
while IFS= read -r text; do
	complain "$text"
done <"$work/bad"
exit $failed
