#!/bin/sh
# SPDX-License-Identifier: MIT
# rpms.sh - RPM packages of a release archive. Usage: packaging/rpms.sh ARCHIVE SPEC OUT
#
# Without --nodeps it asks for the names that packages have on systems with RPM. Elsewhere this shows that the spec is
# whole: that all is built, and each installed file belongs to a package.
set -eu

out=$(mkdir -p "$3" && cd "$3" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/SOURCES"
cp "$1" "$work/SOURCES/$(rpmspec -P "$2" | sed -n 's/^Source0: *//p')"
rpmbuild -bb --nodeps --nocheck --define "_topdir $work" --define '_build_id_links none' --define 'debug_package %{nil}' "$2"
find "$work/RPMS" -name '*.rpm' -exec mv {} "$out/" \;
