#!/bin/sh
# SPDX-License-Identifier: MIT
# What was installed works: the command on real programs, header, libraries, .pc files, macro, tutorial.
# Called by make installcheck, which sets the directories; DESTDIR may stand before them.
# shellcheck disable=SC2154 # the directories
# shellcheck disable=SC2046,SC2086 # words, not strings
set -eu

: "${DESTDIR=}" "${CC:=cc}" "${srcdir:=.}"
srcdir=$(cd "$srcdir" && pwd)
version=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/installcheck-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

PATH=$DESTDIR$bindir:$PATH
LD_LIBRARY_PATH=$DESTDIR$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PKG_CONFIG_PATH=$DESTDIR$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
ACLOCAL_PATH=$DESTDIR$aclocaldir
export PATH LD_LIBRARY_PATH PKG_CONFIG_PATH ACLOCAL_PATH
unset MAKEFLAGS MFLAGS MAKELEVEL CRASHINJECT CRASHINJECT_PRELOAD
unset CRASH_AT CRASH_DIR CRASH_AFTER
if [ -n "$DESTDIR" ]; then
	# what is in a staging directory does not find its parts where they will be
	CRASHINJECT_PRELOAD=$DESTDIR$pkglibdir/libcrashinject-preload.so
	CRASHINJECT_MODELS=$DESTDIR$pkgdatadir/models
	export CRASHINJECT_PRELOAD CRASHINJECT_MODELS
fi
cd "$work"

claim()
{
	echo "- $*"
	claim=$*
}

fail()
{
	echo "FAIL: $claim: $*" >&2
	exit 1
}

# succeeds COMMAND...
succeeds()
{
	status=0
	"$@" >output 2>&1 || status=$?
	[ $status = 0 ] || { cat output >&2; fail "$* ended with $status"; }
}

prints()
{
	grep -q -e "$1" output || { cat output >&2; fail "no line \"$1\" in the output"; }
}

# package NAME OPTION...: pkg-config, with the staging directory before the installed paths
package()
{
	name=$1
	shift
	pkg-config "$@" "$name" | sed "s,\(-[IL]\)$prefix,\1$DESTDIR$prefix,g"
}

claim "the commands say their version"
[ "$(command -v crashinject)" = "$DESTDIR$bindir/crashinject" ] || fail "another one comes first in PATH"
succeeds crashinject --version
prints "^crashinject $version\$"
succeeds crashinject-helper --version
prints "$version"

claim "a shell dies at its first write"
succeeds crashinject run --at write#1 -- sh -c 'echo a > x; echo b > y'
prints '^crashinject: killed at write#1 (write) on x'
if [ ! -e x ] || [ -s x ] || [ -e y ]; then
	fail "the files are not those of a crash there"
fi

claim "a listing has what a shell does"
succeeds crashinject list -- sh -c 'echo a > x; mv x z'
prints '^write#1  *write  *0  *2 2  x'
prints '^rename#1 .* x .*z\|^rename#1 .*x -> z'

claim "the reference store dies in the middle of a frame"
mkdir store
succeeds crashinject run --at wal.mid-frame#2 --dir store -- crashinject-helper
prints 'wal_append'

if [ "$pkglibdir" = "$prefix/lib/crashinject" ] && [ "$pkgdatadir" = "$prefix/share/crashinject" ] &&
	[ "$bindir" = "$prefix/bin" ]; then
	claim "a tree that was moved has its own parts"
	mkdir -p moved/bin moved/lib moved/share
	cp "$DESTDIR$bindir/crashinject" "$DESTDIR$bindir/crashinject-helper" moved/bin/
	cp -R "$DESTDIR$pkglibdir" moved/lib/
	cp -R "$DESTDIR$pkgdatadir" moved/share/
	cp moved/share/crashinject/models/posix.ini moved/share/crashinject/models/moved.ini
	succeeds env -u CRASHINJECT_PRELOAD moved/bin/crashinject list -- sh -c 'cat /proc/$$/maps'
	prints " $(realpath moved)/lib/crashinject/libcrashinject-preload.so\$"
	succeeds env -u CRASHINJECT_PRELOAD moved/bin/crashinject list --allocations -- sh -c 'cat /proc/$$/maps'
	prints " $(realpath moved)/lib/crashinject/libcrashinject-alloc.so\$"
	succeeds env -u CRASHINJECT_MODELS moved/bin/crashinject models
	prints '^moved '
	rm -rf moved
fi

claim "the .pc files are of this version"
for module in crashinject crashpoint; do
	[ "$(pkg-config --modversion $module)" = "$version" ] || fail "$module has another"
done

claim "the manual is there"
for page in man1/crashinject.1 man1/crashinject-run.1 man3/crash_run.3 man3/crash_explore.3 man3/libcrashinject.3 man5/crashinject-trace.5 \
	man7/crashinject-calls.7; do
	[ -s "$DESTDIR$mandir/$page" ] || fail "$page is not installed"
done

cat >run.c <<'END'
#include <crashinject/crashinject.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	static const char *const args[] = {"-c", "echo one > $CRASH_DIR/x; echo two >> $CRASH_DIR/x", NULL};
	struct crash_opts opts = {.program = "sh", .args = args};
	struct crash_out out;
	int error = crash_run("write#2:torn=2", &opts, &out);

	if (error < 0)
		return fprintf(stderr, "%s: %s\n", crash_strerror(error), crash_error_detail()), 1;
	printf("%s, killed %d, written %lld\n", out.point, out.killed, (long long)out.written);
	crash_out_clear(&out);
	return 0;
}
END

claim "a program links with the library"
succeeds $CC -o run run.c $(package crashinject --cflags --libs)
succeeds ./run
prints '^write#2, killed 1, written 2$'

if [ -f "$DESTDIR$libdir/libcrashinject.a" ]; then
	claim "a program links with the static library"
	succeeds $CC -o run-static run.c "$DESTDIR$libdir/libcrashinject.a" \
		$(package crashinject --static --cflags --libs | sed 's/-lcrashinject//')
	succeeds ./run-static
	prints '^write#2, killed 1, written 2$'
	! ldd ./run-static | grep -q libcrashinject || fail "it uses the shared library after all"
fi

cat >explore.c <<'END'
#include <crashinject/explore.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int work(const char *directory, const void *argument)
{
	int fd = chdir(directory) == 0 ? open("f", O_WRONLY | O_CREAT, 0666) : -1;

	return write(fd, "x", 1) != 1 || *(const int *)argument != 7;
}

static void look(struct crash_checked *state, const void *argument)
{
	char content = 'x';
	int fd = open("f", O_RDONLY);

	if (fd >= 0 && read(fd, &content, 1) < 0)
		content = '?';
	/* the byte, zeros where it was lost, or nothing yet */
	if (*(const int *)argument != 7 || (content && content != 'x'))
		state->verdict = CRASH_INCONSISTENT;
}

int main(void)
{
	int seven = 7;
	struct crash_explore_opts opts = {.workload = work, .check_state = look, .models = "ext4", .argument = &seven,
		.argument_size = sizeof seven};
	char *text;
	int safe = crash_is_safe(&opts, &text);

	puts(text);
	free(text);
	return !safe;
}
END

claim "a program explores functions of its own"
succeeds $CC -o explore explore.c $(package crashinject --cflags --libs)
succeeds ./explore
prints '^crash-safe: [0-9]* states checked'
if [ -f "$DESTDIR$libdir/libcrashinject.a" ]; then
	succeeds $CC -o explore-static explore.c "$DESTDIR$libdir/libcrashinject.a" \
		$(package crashinject --static --cflags --libs | sed 's/-lcrashinject//')
	succeeds ./explore-static
	prints '^crash-safe: [0-9]* states checked'
fi

cat >point.c <<'END'
#include <crashinject/breakpoint.h>
#include <stdio.h>

int main(void)
{
	puts("before");
	fflush(stdout);
	CRASH_BREAKPOINT("demo.middle");
	puts("after");
	return 0;
}
END

claim "the header alone makes a breakpoint"
succeeds $CC -o point point.c $(package crashinject --cflags)
succeeds ./point
prints '^after$'
succeeds crashinject list --points ./point
prints '^demo.middle .*point.c:8$'
succeeds crashinject run --at demo.middle -- ./point
! grep -q after output || fail "it went on"

claim "a static program dies at its breakpoint, with and without the command"
succeeds $CC -static -o point-static point.c $(package crashpoint --cflags --libs)
succeeds crashinject run --at demo.middle -- ./point-static
prints 'killed at demo.middle#1'
status=0
sh -c 'CRASH_AT=demo.middle ./point-static; exit $?' >output 2>&1 || status=$?
[ $status = 137 ] || fail "without the command it ended with $status"
succeeds ./point-static
prints '^after$'

claim "the tutorial builds with the macro and passes"
status=0
if [ -n "$DESTDIR" ]; then
	CRASHINJECT_CFLAGS=$(package crashinject --cflags)
	CRASHINJECT_LIBS=$(package crashinject --libs)
	export CRASHINJECT_CFLAGS CRASHINJECT_LIBS
fi
export srcdir
INSTALLED=yes sh "$srcdir/tests/check_tutorial.sh" || status=$?
[ $status = 0 ] || [ $status = 77 ] || fail "it does not"
