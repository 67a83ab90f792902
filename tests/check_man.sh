#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages say what is so: options, names, keys and functions are those of the source.
set -u

source=$(cd "${srcdir:-.}" && pwd)
man=$source/docs/man
work=$(mktemp -d "${TMPDIR:-/tmp}/man-XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0

# same WHAT FILE FILE: two lists of words; the second is the page's.
same()
{
	sort -u "$2" >"$work/is"
	sort -u "$3" >"$work/said"
	missing=$(comm -23 "$work/is" "$work/said" | tr '\n' ' ')
	extra=$(comm -13 "$work/is" "$work/said" | tr '\n' ' ')
	if [ ! -s "$work/is" ]; then
		echo "$1: nothing was found to compare with"
	elif [ -n "$missing$extra" ]; then
		echo "$1: not in the page: ${missing:-nothing}; only in the page: ${extra:-nothing}"
	else
		return
	fi
	failures=$((failures + 1))
}

# mentioned WHAT FILE PAGE: every word of the list is in the page.
mentioned()
{
	missing=
	[ -s "$2" ] || missing="nothing was found to look for"
	while read -r word; do
		grep -qFw -e "$word" "$3" || missing="$missing $word"
	done <"$2"
	[ -z "$missing" ] && return
	echo "$1: not in ${3#"$source"/}: $missing"
	failures=$((failures + 1))
}

# The long options that a --help names, or the tagged items of a page.
options_of_help()
{
	grep -o -e '^ *\(-[a-z], \)\?--[a-z-]*.*' | grep -o -e '--[a-z][a-z-]*' | sort -u
}

options_of_page()
{
	grep '^\.It Fl' "$1" | grep -o -e ' -[a-z][a-z-]*' | sed 's/^ -/--/' | sort -u
}

# ---------------------------------------------------------------- options

options_of_page "$man/crashinject.1" >"$work/common"
options_of_page "$man/crashinject-servers.7" >"$work/server"
for page in "$man"/crashinject-*.1; do
	command=${page##*/crashinject-}
	command=${command%.1}
	[ "$command" = helper ] && continue
	"$CRASHINJECT" "$command" --help >"$work/text" || { echo "there is no command $command"; failures=$((failures + 1)); }
	options_of_help <"$work/text" >"$work/help"
	cat "$work/common" >"$work/page"
	options_of_page "$page" >>"$work/page"
	grep -q -e '--client' "$work/text" && cat "$work/server" >>"$work/page" # whose program may be a server
	same "options of crashinject $command" "$work/help" "$work/page"
done
"$CRASHINJECT" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' >"$work/commands"
while read -r command; do
	[ -f "$man/crashinject-$command.1" ] || echo "$command" >>"$work/without"
done <"$work/commands"
[ ! -f "$work/without" ] || { echo "commands without a page: $(cat "$work/without")"; failures=$((failures + 1)); }
sed -n '/^The commands are:/,/^\.El/s/^\.It Cm \([a-z]*\).*/\1/p' "$man/crashinject.1" >"$work/page"
same "commands" "$work/commands" "$work/page"

"$HELPER" --help | sed -n '/^Options:/,$p' | options_of_help >"$work/help"
options_of_page "$man/crashinject-helper.1" >"$work/page"
same "options of crashinject-helper" "$work/help" "$work/page"

# ---------------------------------------------------------------- names from the source

grep -o '"CRASH_[A-Z]*"' "$source/common/variables.c" | tr -d '"' >"$work/names"
mentioned "environment variables" "$work/names" "$man/crashinject.1"

sed -n 's/^INCOMPLETE([A-Z_]*, \([a-z-]*\),.*/\1/p' "$source/common/incomplete.def" >"$work/names"
sed -n '/^\.Sh INCOMPLETE/,/^\.Sh EX/s/^\.It Cm //p' "$man/crashinject.1" >"$work/page"
same "reasons of incomplete runs" "$work/names" "$work/page"

sed -n 's/^CRASH_ERROR(\([A-Z]*\),.*/CRASH_\1/p' "$source/include/crashinject/errors.def" >"$work/names"
sed -n 's/^\.It Dv \(CRASH_E[A-Z]*\)$/\1/p' "$man/crash_run.3" >"$work/page"
same "errors" "$work/names" "$work/page"

sed -n 's/^\t\(crash_[a-z_]*\);.*/\1/p' "$source/runner/crashinject.map" >"$work/names"
sed -n '/^\.Sh DESCRIPTION/q; s/^\.Fn \(crash_[a-z_]*\) .*/\1/p' "$man/crash_run.3" >"$work/page"
sed -n '/^\.Sh DESCRIPTION/q; s/^\.Fn \(crash_[a-z_]*\) .*/\1/p' "$man/crash_explore.3" | grep -v '_function$' >>"$work/page"
same "functions of the library" "$work/names" "$work/page"

sed -n '/^struct crash_opts {/,/^};/p; /^struct crash_out {/,/^};/p; /^struct crash_frame {/,/^};/p' \
	"$source/include/crashinject/crashinject.h" | sed 's,/\*.*,,; s,^ \*.*,,' |
	grep ';' | grep -v reserved | tr -d '*;' | sed 's/, /\n/g' | awk 'NF { print $NF }' | grep -v '^}' >"$work/names"
mentioned "members of the library's structures" "$work/names" "$man/crash_run.3"
sed -n '/^struct crash_[a-z_]* {/,/^};/p' "$source/include/crashinject/explore.h" | sed 's,/\*.*,,; s,^ \*.*,,' |
	grep ';' | grep -v reserved | tr -d '*;' | sed 's/, /\n/g' | awk 'NF { print $NF }' | grep -v '^}' >"$work/names"
mentioned "members of structures of exploring" "$work/names" "$man/crash_explore.3"

sed -n 's/^FACT([A-Z_]*, "\([a-z0-9-]*\)".*/\1/p' "$source/explore/lint/facts.def" >"$work/names"
sed -n '/^\.Ss Facts/,/^\.Sh/s/^\.It Cm //p' "$man/crashinject-lint.1" >"$work/page"
same "facts of lint" "$work/names" "$work/page"
sed -n 's/^\t{"\([a-z-]*\)",$/\1/p' "$source/explore/lint/rules.c" >"$work/names"
sed -n '/^\.Ss Rules/,/^\.Ss Ack/s/^\.It Cm //p' "$man/crashinject-lint.1" >"$work/page"
same "rules of lint" "$work/names" "$work/page"

sed -n 's/^\t{"\([a-z]*\)", [A-Z]*, .*/\1/p' "$source/common/spec.c" >"$work/names"
sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$man/crashinject-rules.7" | grep -xFf "$work/names" >"$work/page"
same "modifiers" "$work/names" "$work/page"
sed -n 's/^FAMILY([A-Z]*, \([a-z]*\),.*/\1/p' "$source/common/families.def" >"$work/names"
mentioned "families" "$work/names" "$man/crashinject-rules.7"

sed -n 's/^\tPARAMETER([a-z_]*, "\([a-z-]*\)", "\([^"]*\)",.*/\1 \2/p' "$source/explore/atoms/persistence_model.c" >"$work/names"
sed -n 's/^\.It Cm \([a-z-]*\) Li = Cm \(.*\)/\1 \2/p' "$man/crashinject-models.5" >"$work/page"
same "parameters of models" "$work/names" "$work/page"
for file in "$source"/models/*.ini; do
	about=$(sed -n 's/^about = //p' "$file")
	name=${file##*/}
	grep -qFx -e "$about" "$man/crashinject-models.5" || { echo "model ${name%.ini}: not in the page: $about"; failures=$((failures + 1)); }
done

# Each structure of the file format has its members in the page.
sed 's,/\*.*,,' "$source/common/op_record.h" "$source/trace/format.h" | sed -n '/^struct .* {/,/^};/p' |
	grep '^	[a-z].*;' | grep -v 'struct crash__record record' | sed 's/^\t[a-z]* *[a-z0-9_]* //; s/unsigned char //' |
	sed 's/^char //' | tr -d ' ;' | tr ',' '\n' | sed 's/\[.*//' >"$work/names"
mentioned "members of records" "$work/names" "$man/crashinject-trace.5"

# ---------------------------------------------------------------- form

"$CRASHINJECT" list --calls | awk '{ print $1 }' >"$work/names"
mentioned "calls" "$work/names" docs/man/crashinject-calls.7
if command -v mandoc >/dev/null; then
	for page in "$man"/*.[1-9] docs/man/crashinject-calls.7; do
		case $page in */libcrashinject.3 | */crash_checker_next.3) continue ;; esac # a link
		mandoc -T lint -W warning "$page" || failures=$((failures + 1))
		# in a terminal of 80 columns no example goes on in a line that nobody wrote
		mandoc -T ascii -O width=78 "$page" | col -bx | awk -v page="${page##*/}" '
			length > 79 { print page ": wider than 79 columns: " $0; bad = 1 }
			END { exit bad }' || failures=$((failures + 1))
		sed -n 's/^\.Dl //p' "$page" | sed 's/^"\(.*\)"$/\1/; s/\\(dq/"/g; s/\\(ti/~/g; s/\\e/\\/g; s/\\&//g; s/\\ / /g' |
			awk -v page="${page##*/}" '
			length > 67 { print page ": an example breaks: " $0; bad = 1 }
			END { exit bad }' || failures=$((failures + 1))
	done
else
	echo "SKIP: form: mandoc is not installed"
fi

[ $failures = 0 ]
