#!/bin/bash
# SPDX-License-Identifier: MIT
# kernel.sh - runs check_powercut in a kernel of one's choice. See usage() below.
#
# Method. What the program needs is packed into an initramfs: itself, its libraries, the programs that make file
# systems, the models, busybox and those modules of the kernel without which there is no FUSE, no loop device or no
# such file system. qemu boots it. The first serial line is the kernel's console, the second one is the program's
# output, and its last line the exit status. Nothing is written to any disk, and the machine has no network.
set -u -o pipefail

usage()
{
	cat <<'END'
Usage: kernel.sh KERNEL MODULES [PROGRAM]

  KERNEL   a bootable image (vmlinuz) for x86_64
  MODULES  the directory of its modules (lib/modules/VERSION)
  PROGRAM  ./check_powercut, in the build directory, is the default

Passed on are SEED, OPS, ROUNDS, BUDGET, CK_RUN_CASE, CRASHINJECT_LONG and CK_TIMEOUT_MULTIPLIER. ACCEL=kvm or ACCEL=tcg does not try
the other one. SECONDS_AT_MOST=14400 is when the whole is ended.

Exit status: the program's; 77, with the reason, if that is not possible on this machine; 1 if the kernel did not come
up; 124 if it was ended.
END
}

skip()
{
	echo "SKIP: $*"
	exit 77
}

die()
{
	echo "kernel.sh: $*" >&2
	exit 1
}

need()
{
	command -v "$1" >/dev/null || skip "there is no $1: install the package $2"
}

# Without these there is no disk. With what is missing of the rest the program skips a file system, and says so.
needed_modules=(loop fuse)
modules=(loop fuse crc32_generic crc32c_generic crc32c_cryptoapi xxhash_generic blake2b_generic sha256_generic sha256
	ext4 xfs btrfs f2fs)
makers=(mkfs.ext4 mkfs.ext3 mkfs.xfs mkfs.btrfs mkfs.f2fs)
passed_on=(SEED OPS ROUNDS BUDGET CK_RUN_CASE CRASHINJECT_LONG CK_TIMEOUT_MULTIPLIER)

# ------------------------------------------------------------------ the initramfs

# add_program FILE NAME: with its libraries, the loader where it is looked for. What libtool left in the build directory
# is a script that finds libraries there; the program is behind it.
add_program()
{
	local file=$1 library
	[ ! -x "$(dirname "$1")/.libs/$(basename "$1")" ] || file=$(dirname "$1")/.libs/$(basename "$1")
	cp -L "$file" "$tree/bin/$2" || die "cannot copy $file"
	while read -r library; do
		case $library in
		*/ld-linux*) mkdir -p "$tree$(dirname "$library")" && cp -L "$library" "$tree$library" ;;
		*) cp -L -n "$library" "$tree/lib/" ;;
		esac || die "cannot copy $library"
	done < <(LD_LIBRARY_PATH=$(dirname "$file"):${LD_LIBRARY_PATH:-} ldd "$file" 2>/dev/null |
		grep -o '/[^ ]*\.so[^ ]*')
}

# The file of a module; nothing if the kernel has none, or has it built in.
module_file()
{
	find "$modules_from/" -name "${1//[-_]/[-_]}.ko*" -type f -print -quit
}

is_built_in()
{
	grep -qs "/${1//[-_]/[-_]}\.ko$" "$modules_from/modules.builtin"
}

unpacked()
{
	case $1 in
	*.xz) need xz xz-utils; xz -dc "$1" ;;
	*.zst) need zstd zstd; zstd -dcq "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

# add_module NAME: after those that it depends on, which it names itself: modules.dep is made only on installation.
add_module()
{
	local file other
	[[ " ${added[*]-} " != *" ${1//-/_} "* ]] || return 0
	added+=("${1//-/_}")
	file=$(module_file "$1")
	[ -n "$file" ] || return 0
	unpacked "$file" >"$tree/modules/$1.ko" || die "cannot read $file"
	for other in $(tr '\0' '\n' <"$tree/modules/$1.ko" | sed -n 's/^depends=//p' | tr , ' '); do
		add_module "$other"
	done
	echo "$1" >>"$tree/modules/order"
}

# Single quotes hold everything but themselves.
quoted()
{
	printf "'%s'" "${1//\'/\'\\\'\'}"
}

write_init()
{
	local name
	for name in "${passed_on[@]}"; do
		[ -z "${!name+set}" ] || echo "export $name=$(quoted "${!name}")"
	done >"$tree/environment"
	cat >"$tree/init" <<'END'
#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS1 2>&1
busybox stty -F /dev/ttyS1 -onlcr
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t tmpfs tmp /tmp
busybox --install -s /bin
export PATH=/bin HOME=/ LD_LIBRARY_PATH=/lib CRASHINJECT_MODELS=/models
while read -r module; do
	insmod "/modules/$module.ko" || echo "the module $module cannot be loaded"
done </modules/order
rm -rf /modules
. /environment
cd /tmp
echo "kernel.sh: up: Linux $(uname -r)"
program
echo "kernel.sh: status $?"
sync
poweroff -f
END
	chmod 755 "$tree/init"
}

pack()
{
	local name busybox
	busybox=$(command -v busybox) || skip "there is no busybox: install the package busybox-static"
	mkdir -p "$tree"/{bin,dev,lib,modules,models,proc,sys,tmp,etc,root} || exit 1
	add_program "$busybox" busybox
	add_program "$program" program
	for name in "${makers[@]}"; do
		command -v "$name" >/dev/null && add_program "$(command -v "$name")" "$name"
	done
	# pthread_cancel() and exit want it, without being linked to it
	cp -L "$(ldd "$tree/bin/program" | grep -o '/[^ ]*/libc\.so\.6' | sed 's,libc.so.6,libgcc_s.so.1,')" "$tree/lib/" 2>/dev/null
	cp /etc/mke2fs.conf "$tree/etc/" 2>/dev/null
	cp "$(dirname "$0")"/../../models/*.ini "$tree/models/" || exit 1
	: >"$tree/modules/order"
	for name in "${needed_modules[@]}"; do
		[ -n "$(module_file "$name")" ] || is_built_in "$name" ||
			die "$modules_from has no module $name"
	done
	for name in "${modules[@]}"; do
		add_module "$name"
	done
	write_init
	(cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$scratch/initramfs" || die "cannot pack the initramfs"
}

# ------------------------------------------------------------------ the machine

# The descriptors 5 and 6 are files without a name, so that nothing is left however this ends: the initramfs, and what
# the kernel says.
boot()
{
	exec setpriv --pdeathsig KILL qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -nic none \
		-accel "$1" -cpu "$2" -smp 1 -m 2048 -kernel "$kernel" -initrd /proc/self/fd/5 \
		-append 'console=ttyS0 panic=-1 loglevel=5 rdinit=/init' \
		-chardev file,id=console,path=/proc/self/fd/6 -serial chardev:console \
		-chardev stdio,id=output,signal=off -serial chardev:output </dev/null 2>/proc/self/fd/6
}

end_qemu()
{
	[ -z "$qemu" ] || kill -KILL "$qemu" 2>/dev/null
	wait "$qemu" 2>/dev/null
	qemu=
}

# run_in ACCELERATION CPU SECONDS: prints what the program does, and takes its status; fails if the kernel is not up
# in that time. qemu is our own child: it ends when we do, even if we are killed.
run_in()
{
	local line="" part until=$((SECONDS + $3)) up=no
	exec 4< <(boot "$1" "$2")
	qemu=$!
	while [ $SECONDS -lt "$until" ]; do
		IFS= read -r -t 5 part <&4
		case $? in
		0) ;;
		1) break ;;
		*) line+=$part; continue ;;
		esac
		line+=$part
		case $line in
		"kernel.sh: up: "*) up=yes until=$ends_at; echo "$line ($1)" ;;
		"kernel.sh: status "*) status=${line##* } ;;
		*) echo "$line" ;;
		esac
		line=
	done
	end_qemu
	[ $up = yes ]
}

show_console()
{
	echo "the end of what the kernel, or qemu, said:"
	tail -n 25 /proc/self/fd/6
} >&2

case ${1:-} in
-h|--help) usage; exit 0 ;;
esac
[ $# = 2 ] || [ $# = 3 ] || { usage >&2; exit 1; }
kernel=$1 modules_from=$2 program=${3:-./check_powercut}
[ "$(uname -m)" = x86_64 ] || skip "only x86_64 is known here"
need qemu-system-x86_64 qemu-system-x86
need cpio cpio
need setpriv util-linux
[ -n "$kernel" ] && [ -n "$modules_from" ] || die "KERNEL= and MODULES= have to be given: fetch_kernel.sh gets them"
[ -r "$kernel" ] || die "KERNEL: cannot read \"$kernel\""
[ -d "$modules_from/kernel" ] || die "MODULES: \"$modules_from\" is not a directory of a kernel's modules"
[ -x "$program" ] || die "there is no program $program"

added=() status="" qemu=""
ends_at=$((SECONDS + ${SECONDS_AT_MOST:-14400}))
PATH=$PATH:/usr/sbin:/sbin
scratch=$(mktemp -d) || exit 1
tree=$scratch/tree
trap 'rm -rf "$scratch"; end_qemu' EXIT
trap 'exit 1' HUP INT TERM
pack
exec 5<"$scratch/initramfs" 6>"$scratch/console" && rm -rf "$scratch" || exit 1

# there are machines with a /dev/kvm that does not work
[ "${ACCEL:-kvm}" = kvm ] && [ -w /dev/kvm ] && run_in kvm host 20 ||
	{ [ "${ACCEL:-tcg}" = tcg ] && run_in tcg qemu64 180; } ||
	{ show_console; die "the kernel did not come up"; }
[ -n "$status" ] || [ $SECONDS -lt "$ends_at" ] || { echo "kernel.sh: there was no more time" >&2; exit 124; }
[ -n "$status" ] || { show_console; die "the program did not end"; }
exit "$status"
