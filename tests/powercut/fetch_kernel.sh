#!/bin/bash
# SPDX-License-Identifier: MIT
# fetch_kernel.sh - gets the kernel of a Debian release, to be booted by kernel.sh. See usage() below.
set -u -o pipefail

usage()
{
	cat <<'END'
Usage: fetch_kernel.sh SUITE DIRECTORY

Downloads the package that linux-image-amd64 of a suite (bullseye, bookworm, trixie) stands for, and unpacks it in
DIRECTORY. Nothing is installed: apt works on lists of its own, and takes the mirror, and the way to it, from this
machine's settings. The last line of the output is what `make powercut-kernel` wants to know:

  KERNEL=DIRECTORY/boot/vmlinuz-VERSION MODULES=DIRECTORY/lib/modules/VERSION

Exit status: 0; 77, with the reason, if the package cannot be had on this machine; 1 for a mistake.
END
}

skip()
{
	echo "$*"
	exit 77
}

# The site of a suite's main archive, as apt has it.
mirror()
{
	apt-get indextargets --format '$(SITE)' 'Identifier: Packages' 'Component: main' | grep -v -- -security | head -n 1
}

# apt COMMAND...: one that knows this suite and that nothing is installed.
apt()
{
	local command=$1
	shift
	"$command" -o Dir::State="$own/state" -o Dir::State::status="$own/status" -o Dir::Cache="$own/cache" \
		-o Dir::Etc::SourceList="$own/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Languages=none "$@"
}

# The newest package that linux-image-amd64 depends on.
image()
{
	apt apt-cache depends --no-recommends --no-suggests linux-image-amd64 |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

case ${1:-} in
-h|--help) usage; exit 0 ;;
esac
[ $# = 2 ] || { usage >&2; exit 1; }
suite=$1
mkdir -p "$2" && directory=$(cd "$2" && pwd) || exit 1
for command in apt-get apt-cache dpkg-deb; do
	command -v "$command" >/dev/null || skip "there is no $command: only a Debian can fetch Debian's kernels"
done
site=$(mirror)
[ -n "$site" ] || skip "apt knows no mirror"
own=$(mktemp -d) || exit 1
trap 'rm -rf "$own"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$own/state/lists/partial" "$own/cache/archives/partial"
: >"$own/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" >"$own/sources.list"
apt apt-get update -q >"$own/log" 2>&1 </dev/null ||
	skip "the list of $suite cannot be had: $(grep '^[EW]:' "$own/log" | tail -n 1)"
package=$(image)
[ -n "$package" ] || skip "$suite has no linux-image-amd64"
(cd "$own" && apt apt-get download -q "$package") >"$own/log" 2>&1 </dev/null ||
	skip "$package cannot be had: $(grep '^[EW]:' "$own/log" | tail -n 1)"
dpkg-deb -x "$own"/linux-image-*.deb "$directory" || exit 1
# later releases have no /lib of their own
[ -e "$directory/lib" ] || ln -s usr/lib "$directory/lib"
version=${package#linux-image-}
echo "KERNEL=$directory/boot/vmlinuz-$version MODULES=$directory/lib/modules/$version"
