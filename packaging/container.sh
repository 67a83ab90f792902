#!/bin/bash
# SPDX-License-Identifier: MIT
# container.sh - the Containerfile's image, in a real Docker. Usage: packaging/container.sh ARCHIVE BASE SOURCE
#
# It is built of a release archive, on BASE: the root of a bare Debian, as a tar file, which stands for the registry's
# image. Then it is run under Docker's own seccomp profile, with what crashinject doctor says changes what does not work
# there, and with rights: explore has to find what there is, at the place where doctor says that it will.
#
# The daemon is one of our own and ends with this; for a bare system that is thrown away.
set -u

archive=$(realpath "$1") base=$(realpath "$2") source=$(realpath "$3")
work=$(mktemp -d)
group=crashinject-container # which .ci/run knows, if this is killed
export DOCKER_HOST=unix://$work/socket
daemon=
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

skip()
{
	echo "SKIP: $*"
	exit 77
}

fail()
{
	echo "FAIL: $*"
	exit 1
}

# What belongs to the daemon ends with it; the control groups stay, empty.
clean_up()
{
	if [ -n "$daemon" ]; then
		kill "$daemon" 2>/dev/null
		wait "$daemon" 2>/dev/null
	fi
	find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} \; 2>/dev/null
	rm -rf --one-file-system "$work"
}

command -v dockerd >/dev/null || skip "there is no dockerd"
# Where it may not make control groups, or look at itself, gVisor runs all the same.
printf '#!/bin/sh\nexec runsc --platform=ptrace --network=none --ignore-cgroups "$@"\n' >"$work/gvisor"
chmod +x "$work/gvisor"
dockerd --add-runtime "gvisor=$work/gvisor" --iptables=false --ip6tables=false --bridge=none --data-root "$work/data" --exec-root "$work/exec" \
	--pidfile "$work/pid" --host "$DOCKER_HOST" --cgroup-parent "/$group" >"$work/log" 2>&1 &
daemon=$!
for _ in $(seq 300); do
	docker version >/dev/null 2>&1 && break
	kill -0 "$daemon" 2>/dev/null || skip "no Docker daemon can run here: $(tail -n 1 "$work/log")"
	sleep 0.2
done
docker version >/dev/null 2>&1 || skip "no Docker daemon came up: $(tail -n 1 "$work/log")"

# ---------------------------------------------------------------- the image

docker import "$base" debian:bookworm-slim >/dev/null || fail "the base cannot be imported"
docker run --rm --network none debian:bookworm-slim true || skip "no container can run here"
mkdir "$work/context" "$work/shared"
cp "$archive" "$work/context/archive.tar.xz"
docker build --network host --tag crashinject --build-arg ARCHIVE=archive.tar.xz -f "$source/packaging/Containerfile" \
	"$work/context" || fail "the image cannot be built"
docker run --rm --network none crashinject --version || fail "the image's command does not run"

# ---------------------------------------------------------------- what is done in it

cat >"$work/shared/inside.sh" <<'END'
mkdir /tmp/data && cd /tmp/data && echo old >note || exit 2
grep Seccomp: /proc/self/status
crashinject doctor
crashinject doctor --json >/tmp/doctor
echo "doctor: $?"
cat /tmp/doctor
crashinject explore --model posix --check '[ -s note ]' -- sh -c 'echo new >tmp; mv tmp note'
echo "explore: $?"
END

# inside OPTION...: what it says, and as "said"
inside()
{
	echo "---- docker run $*"
	said=$(timeout 300 docker run --rm --network none -v "$work/shared:/shared:ro" "$@" --entrypoint sh crashinject \
		/shared/inside.sh 2>&1) || [ $? != 124 ] || fail "it did not end in five minutes: $said"
	echo "$said"
}

# says PATTERN..., says_not PATTERN...
says()
{
	local pattern
	for pattern in "$@"; do
		grep -q -e "$pattern" <<<"$said" || fail "it does not say \"$pattern\""
	done
}

says_not()
{
	! grep -e "$1" <<<"$said" || fail "it says \"$1\""
}

# The finding is there whatever the place.
finds()
{
	says '^explore: 1$' 'finding .*: inconsistent' 'repair: fsync of tmp before rename'
}

on_copies()
{
	finds
	says 'states were checked on copies' '"overlay","outcome":"refused"'
	says_not 'at the data directory'
}

in_place()
{
	finds
	says_not 'copies'
	says '"overlay","outcome":"works"'
}

# The options that the remedy of a trial has, with its profile from the tree.
remedy()
{
	sed -n "s,.*\"trial\":\"$1\".*\"remedy\":\"docker run \(.*\) \.\.\.\".*,\1,p" <<<"$said" |
		sed "s,[^ =]*/seccomp.json,$source/doctor/seccomp.json,"
}

# helped TRIAL: what doctor says changes it does so, in the options $helps.
helped()
{
	helps=$(remedy "$1")
	[ -n "$helps" ] || fail "doctor has no line for $1"
}

inside
says '^Seccomp:.2$' '^doctor: 1$'
on_copies
helped look-into-process
inside $helps
says '"look-into-process","outcome":"works"' '"take-descriptor","outcome":"works"' '"page-tracking","outcome":"works"' \
	'"user-namespace","outcome":"works"'
on_copies # /proc is still covered
helped overlay
inside $helps
says '^Seccomp:.2$' '^doctor: 0$' "explore checks states at the data directory's own path" 'what programs do is all seen'
in_place
inside --user 0
on_copies
inside --user 0 --cap-add SYS_ADMIN
says '"network-namespace","outcome":"refused"' 'SIOCSIFFLAGS'
in_place
helped network-namespace
inside --user 0 --cap-add SYS_ADMIN $helps
says '"network-namespace","outcome":"works"' "explore checks states at the data directory's own path"
in_place
if ! docker run --rm --network none --runtime gvisor --entrypoint true crashinject >"$work/why" 2>&1; then
	echo "SKIP: gVisor: it does not run here: $(tail -n 1 "$work/why")"
else
	inside --runtime gvisor
	says 'gVisor' '^doctor: 1$' '"overlay","outcome":"refused"'
	says_not '"why":null,"without":"states'
	# some of its versions have all that a run needs
	if grep -q '"crash","outcome":"works"' <<<"$said"; then
		on_copies
	else
		says '^explore: 125$' 'is refused'
		helped crash
		[ "$helps" = --runtime=runc ] || fail "doctor has another line for gVisor: $helps"
	fi
fi
echo "explore does in containers what doctor says"
