#!/bin/sh
# SPDX-License-Identifier: MIT
# debs.sh - Debian packages of a tree, which lintian has no errors for. Usage: packaging/debs.sh SOURCE OUT
#
# SOURCE is a release archive's tree; it is changed. What building takes is installed, so this is for a bare system that
# is thrown away.
set -eu

out=$(mkdir -p "$2" && cd "$2" && pwd)
cd "$1"
export DEBIAN_FRONTEND=noninteractive
cp -R packaging/debian debian
apt-get update -q
apt-get install -qy --no-install-recommends build-essential debhelper fakeroot lintian
DEB_BUILD_PROFILES=nocheck apt-get build-dep -qy --no-install-recommends ./
DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" DEB_BUILD_PROFILES=nocheck dpkg-buildpackage -b -us -uc
lintian --fail-on error --tag-display-limit 0 ../crashinject_*.changes
mv ../*.deb "$out/"
