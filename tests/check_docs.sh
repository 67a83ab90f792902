#!/bin/sh
# SPDX-License-Identifier: MIT
# What the documents show is so, and the words that the manual pages use are in the glossary.
#
# A fenced block that follows a sentence "..., from [name](path):" is text of that file. What a console
# block shows is typed and compared, where
#   - "..." alone stands for any lines, and at the end of a line for the rest of it
#   - process ids are shown as N
# A command goes on behind a backslash at the end of its line.
set -u

skip()
{
	echo "SKIP: docs: $*"
	exit 77
}

source=$(cd "${srcdir:-.}" && pwd)
build=$(pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/docs-XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failures=0

# ---------------------------------------------------------------- listings

# Writes the listings of a document to $work/listing.N and the files' names to $work/listed.
listings()
{
	rm -f "$work"/listing.* "$work/listed"
	: >"$work/listed"
	awk -v work="$work" '
	function close_block() { if (inside && name != "") close(file); inside = 0; name = "" }
	/^```/ {
		if (inside) { close_block(); next }
		inside = 1
		name = ""
		if (sentence ~ /[Ff]rom$/ || sentence ~ /[Ff]rom[ \n]+\[[^]]*\]\([^)]*\):$/) {
			name = sentence
			sub(/.*\(/, "", name)
			sub(/\):$/, "", name)
			file = work "/listing." ++count
			printf "" >file
			print name >(work "/listed")
		}
		next
	}
	inside { if (name != "") print >file; next }
	/^$/ { blank = 1; next }
	{ sentence = blank ? $0 : sentence " " $0; blank = 0 }
	' "$1"
}

# contains FILE PART: whether PART is consecutive lines of FILE.
contains()
{
	awk '
	NR == FNR { part[++lines] = $0; next }
	{ whole[++all] = $0 }
	END {
		for (i = 0; i + lines <= all; i++) {
			for (j = 1; j <= lines && whole[i + j] == part[j]; j++)
				;
			if (j > lines)
				exit 0
		}
		exit 1
	}' "$2" "$1"
}

check_listings()
{
	directory=$(dirname "$1")
	count=0
	listings "$1"
	while read -r name; do
		count=$((count + 1))
		if ! contains "$directory/$name" "$work/listing.$count"; then
			echo "$1: this is not in $name:"
			cat "$work/listing.$count"
			failures=$((failures + 1))
		fi
	done <"$work/listed"
	echo "${1#"$source"/}: $count listings"
}

# ---------------------------------------------------------------- consoles

# The commands of a document, one file each, and what they should print.
consoles()
{
	rm -f "$work"/command.* "$work"/expected.*
	awk -v work="$work" '
	/^```/ { inside = !inside && $0 == "```console"; next }
	!inside { next }
	/^\$ / || more {
		if (!more)
			count++
		print more ? $0 : substr($0, 3) >(work "/command." count)
		printf "" >(work "/expected." count)
		more = /\\$/
		next
	}
	{ print >(work "/expected." count) }
	' "$1"
}

same_output()
{
	awk '
	function fits(want, line) {
		if (want == line) return 1
		return want ~ /\.\.\.$/ && index(line, substr(want, 1, length(want) - 3)) == 1
	}
	NR == FNR { want[++wanted] = $0; next }
	{ got[++lines] = $0 }
	END {
		for (w = g = 1; w <= wanted; w++) {
			if (want[w] != "...") {
				if (g > lines || !fits(want[w], got[g])) exit 1
				g++
				continue
			}
			if (w == wanted) exit 0
			while (g <= lines && !fits(want[w + 1], got[g])) g++
		}
		exit g <= lines
	}' "$1" "$2"
}

# check_consoles DOCUMENT: types its commands in the current directory.
check_consoles()
{
	count=1
	consoles "$1"
	while [ -f "$work/command.$count" ]; do
		sh "$work/command.$count" >"$work/output" 2>&1 </dev/null
		sed -i 's/, process [0-9]*/, process N/' "$work/output"
		if ! same_output "$work/expected.$count" "$work/output"; then
			echo "$1: this"
			sed 's/^/  $ /' "$work/command.$count"
			echo "prints:"
			sed 's/^/  /' "$work/output"
			echo "and is shown as:"
			sed 's/^/  /' "$work/expected.$count"
			failures=$((failures + 1))
		fi
		count=$((count + 1))
	done
	echo "${1#"$source"/}: $((count - 1)) commands"
}

# ---------------------------------------------------------------- glossary

# The terms of the glossary, one a line: "**torn write, torn** A write of which ..."
glossary_terms()
{
	sed -n 's/^\*\*\([^*]*\)\*\*.*/\1/p' "$source/docs/GLOSSARY.md" | sed 's/, /\n/g' | tr '[:upper:]' '[:lower:]'
}

# PAGE and term of all that manual pages set in italics by .Em, which is what they do with terms.
terms_of_pages()
{
	awk '/^\.Em / {
		sub(/^\.Em /, "")
		sub(/( [.,:;)])+$/, "")
		page = FILENAME
		sub(/.*\//, "", page)
		print page " " tolower($0)
	}' "$source"/docs/man/*.[1-9] "$source"/docs/man/*.in
}

# Each term of the pages is in the glossary, in the singular or as it is, and the glossary is in order.
check_glossary()
{
	glossary_terms >"$work/terms"
	count=0
	terms_of_pages >"$work/used"
	while read -r page term; do
		count=$((count + 1))
		grep -qxF -e "$term" -e "${term%s}" "$work/terms" && continue
		echo "$page: \"$term\" is not in docs/GLOSSARY.md"
		failures=$((failures + 1))
	done <"$work/used"
	sed -n 's/^\*\*\([^,*]*\).*/\1/p' "$source/docs/GLOSSARY.md" >"$work/heads"
	if ! LC_ALL=C sort -fcu "$work/heads"; then
		echo "docs/GLOSSARY.md: not in alphabetical order"
		failures=$((failures + 1))
	fi
	if [ ! -s "$work/terms" ] || [ $count = 0 ]; then
		echo "docs/GLOSSARY.md: no terms were found to compare"
		failures=$((failures + 1))
	fi
	echo "docs/GLOSSARY.md: $(wc -l <"$work/terms") terms, $count uses"
}

check_glossary
for document in "$source"/README.md "$source"/docs/*.md; do
	check_listings "$document"
done

PATH=$build:$PATH
export PATH
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES TESTS CRASH_AT CRASH_DIR CRASH_AFTER
mkdir "$work/empty"
cd "$work/empty" || exit 1
case $(sqlite3 --version 2>/dev/null) in
3.40.*) check_consoles "$source/README.md" ;;
'') echo "SKIP: README.md: sqlite3 is not installed" ;;
*) echo "SKIP: README.md: another sqlite3 than 3.40 has other offsets" ;;
esac

# The tutorial's program, as its reader would have built it.
mkdir "$work/notes"
cd "$work/notes" || exit 1
cp "$source"/docs/tutorial/* .
chmod -R u+w .
echo '#define HAVE_CRASHINJECT 1' >config.h
printf 'notes: notes.c\n\t%s\n' "${CC:-cc} -g -O0 -D_GNU_SOURCE -I. -I$source/include -o notes notes.c" >Makefile
make >/dev/null || exit 1
check_consoles "$source/docs/TUTORIAL.md"

[ $failures = 0 ]
