#!/bin/bash
# SPDX-License-Identifier: MIT
# archive.sh - a tar archive that runs wherever it is unpacked. See usage() below.
set -eu

usage()
{
	cat <<'END'
Usage: packaging/archive.sh SOURCE OUT

Builds the tree SOURCE, configured already or a release archive's, and writes crashinject-VERSION-MACHINE.tar.xz to the
directory OUT. In it are the command, the library, the preload module, models, profiles and manual pages, with the
libraries that not every system has. Nothing in it knows where it is: the command finds its parts from its own path.

It runs with the glibc that it was built with and with later ones. Needs patchelf.
END
}

[ $# = 2 ] || { usage >&2; exit 1; }
source=$(cd "$1" && pwd)
out=$(mkdir -p "$2" && cd "$2" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/archive-XXXXXX")
trap 'rm -rf "$work"' EXIT

# The module is loaded into other people's programs. What it needs has a name of its own there, so that nobody gets it in
# the place of theirs; liblzma, which that needs, is everywhere.
mkdir "$work/unwind" "$work/build"
unwind=$work/unwind/libcrashinject-unwind.so
cp -L "$(gcc -print-file-name=libunwind.so.8)" "$unwind"
patchelf --set-soname libcrashinject-unwind.so "$unwind"

# All the places where the libraries are from the command, from the library and from the module. No quotes get a "$"
# through configure, make and libtool, so another letter goes instead.
places=XORIGIN/../lib/crashinject:XORIGIN/crashinject:XORIGIN
cd "$work/build"
"$source/configure" -q --prefix=/crashinject --libdir=/crashinject/lib --disable-dependency-tracking \
	UNWIND_LIBS="-L$work/unwind -lcrashinject-unwind" UNWIND_CFLAGS=-DHAVE_LIBUNWIND LDFLAGS="-Wl,-rpath,$places"
make -s -j"$(nproc)"
make -s install DESTDIR="$work/installed"
tree=$work/installed/crashinject
parts=$tree/lib/crashinject
find "$tree" -name '*.la' -delete
rm -f "$parts"/*.a
rm -rf "$tree/lib/pkgconfig" # its paths would have to be right
cp "$unwind" "$parts/"
for file in "$tree/bin/crashinject" "$tree/bin/crashinject-helper" "$(readlink -f "$tree/lib/libcrashinject.so.0")" \
	"$parts/libcrashinject-preload.so" "$parts/libcrashinject-alloc.so" \
	"$parts/libcrashinject-start.so"; do
	strip --strip-unneeded "$file"
	LC_ALL=C sed -i 's,XORIGIN,$ORIGIN,g' "$file"
done
! LC_ALL=C grep -rl XORIGIN "$tree" || { echo "archive: these would look for libraries wherever they are run" >&2; exit 1; }
version=$("$tree/bin/crashinject" --version 2>/dev/null | sed 's/.* //')

# libraries_of FILE: what it loads, but for what every system with glibc has.
libraries_of()
{
	LD_LIBRARY_PATH=$parts ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
		grep -v -E '/(libc|libm|libdl|libpthread|librt|libresolv|ld-linux[^/]*|libcrashinject[^/]*)\.so' || :
}

{ libraries_of "$tree/bin/crashinject"; libraries_of "$tree/lib/libcrashinject.so.0"; } | sort -u | while read -r file; do
	cp -L "$file" "$parts/"
	patchelf --force-rpath --set-rpath '$ORIGIN' "$parts/$(basename "$file")"
done
more=$(readelf -d "$parts/libcrashinject-preload.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
	grep -v -E '^(libcrashinject-unwind|libc|libpthread|libdl|ld-linux[^/]*)\.so' || :)
[ -z "$more" ] || { echo "archive: the preload module needs more than libc and libunwind: $more" >&2; exit 1; }
mkdir -p "$tree/share/doc/crashinject"
cp "$source/README.md" "$source/NEWS" "$source/LICENSE" "$tree/share/doc/crashinject/"
name=crashinject-$version-$(uname -m)
mv "$tree" "$work/$name"
tar -C "$work" --owner=0 --group=0 --sort=name -cJf "$out/$name.tar.xz" "$name"
echo "$out/$name.tar.xz"
