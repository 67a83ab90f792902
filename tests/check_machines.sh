#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check_machines.sh - what knows a machine is in the machine's own files, and no machine lacks one.
#
# Usage: check_machines.sh [TREE]
#
# docs/HOWTO-ADD-MACHINE.md says where these files are. Outside of them no instruction stands, no register, no name
# that a machine has in <elf.h> or <linux/audit.h>, no option of one machine's compiler. Every machine has every file
# that CRASH__MACHINE_FILE() asks for. And calls that newer kernels lack are those that common/machine.h tells of.
set -u

here=$(dirname "$0")
cd "${1:-${srcdir:-$here/..}}" || exit 99
work=$(mktemp -d "${TMPDIR:-/tmp}/machines-XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
	echo "FAIL: $*"
	failed=1
}

# ------------------------------------------------------------------ knowledge

# What gives a machine away; one expression a line.
cat >"$work/knowledge" <<'END'
AUDIT_ARCH_[A-Z0-9_]+
\bEM_[A-Z0-9_]+
\b(user_regs_struct|user_pt_regs)\b
\bREG_(R[A-Z0-9]{1,2}|E[A-Z]{2})\b
\b(UNW|R)_(X86_64|AARCH64)_[A-Z0-9]+
__(x86_64|amd64|i386|ILP32|aarch64|riscv)__
\b_mm_[a-z0-9_]+|[a-z]mmintrin\.h|arm_neon\.h
__builtin_(ia32|aarch64|riscv)_[a-z0-9_]+
\b(__)?asm(__)? +(__)?(volatile|goto)(__)? *\("[^"]
\b(__)?asm(__)? *\("[^"]*[^A-Za-z0-9_"]
\bregister .*\b(__)?asm(__)?\b
%%?(r[abcd]x|e[abcd]x|r[sd]i|r[sbi]p|r[89]|r1[0-5]|[xyz]mm[0-9]+)\b
\b0[fF] ?05\b|0x0f\b.*0x05\b|\\x0f\\x05
-Ttext-segment|-fcf-protection|-mbranch-protection|-march=
machine/(x86_64|aarch64|riscv64)\b
END

# FILE:REGULAR EXPRESSION: what may stand there after all.
cat >"$work/allowed" <<'END'
include/crashinject/breakpoint\.h:__(x86_64|aarch64|ILP32)__|machine/(x86_64|aarch64)\.h
runner/program\.c:\{EM_[A-Z0-9_]+, "
tests/unit/check_elf\.c:ELFCLASS(32|64), EM_
tests/run/check_run_errors\.c:ELFCLASS(32|64), EM_
END

# Lines, as grep -nH has them, but for those that are allowed.
but_allowed() {
	sed 's,^\([^:]*\):\(.*\)$,^\1:[0-9]+:.*(\2),' "$work/allowed" >"$work/patterns"
	grep -vE -f "$work/patterns"
}

find . -name '*.[chS]' -o -name '*.cc' -o -name '*.def' -o -name '*.am' -o -name configure.ac | sed 's,^\./,,' |
	grep -v -e '^build' -e '^_' -e '^crashinject-[0-9]' -e '^docs/' -e '^bindings/' -e '^\.' -e '^tests/targets/' \
		-e '/machine/' | sort >"$work/files"
xargs grep -nEH -f "$work/knowledge" <"$work/files" | but_allowed >"$work/found"
while IFS= read -r line; do
	complain "this knows a machine: $line"
done <"$work/found"
grep '\.S$' "$work/files" | while read -r file; do
	sed '/\/\*/,/\*\//d; /^#include /d; /^$/d' "$file" | sed "s,^,$file: ,"
done >"$work/found"
while IFS= read -r line; do
	complain "assembly outside the machines' own files: $line"
done <"$work/found"

# It would be seen: each of these lines, planted.
cat >"$work/planted.c" <<'END'
	if (data->arch != AUDIT_ARCH_X86_64)
	header.e_machine = EM_AARCH64;
	struct user_regs_struct registers;
	context->uc_mcontext.gregs[REG_RIP] += 2;
	unw_get_reg(&cursor, UNW_X86_64_RIP, &address);
#ifdef __x86_64__
#include <emmintrin.h>
	__builtin_ia32_pause();
	__asm__ volatile("syscall" : "=a"(result));
	asm("svc 0");
	register long x8 __asm__("x8") = number;
	".cfi_def_cfa %rsp, 8"
	if (site[5] == 0x0f && site[6] == 0x05)
	memcpy(site, "\x0f\x05", 2);
LDFLAGS = -Wl,-Ttext-segment=0x7e9000000000
#include "common/machine/x86_64/machine.h"
END
cat >"$work/innocent.c" <<'END'
	__asm__ volatile("" ::: "memory");
	__asm__("" : "+r"(x));
void crash__breakpoint_symbol(const char *name) __asm__("crash_breakpoint");
END
grep -nEH -f "$work/knowledge" "$work/planted.c" | but_allowed >"$work/found"
[ "$(wc -l <"$work/found")" -eq "$(wc -l <"$work/planted.c")" ] ||
	complain "this test sees $(wc -l <"$work/found") of $(wc -l <"$work/planted.c") lines that know a machine"
! grep -qE -f "$work/knowledge" "$work/innocent.c" || complain "this test sees knowledge where there is none"

# ------------------------------------------------------------------ every machine has every file

for path in common/machine/*/ preload/machine/*/ supervisor/machine/*/ include/crashinject/machine/*.h; do
	basename "$path" .h
done | sort -u >"$work/machines"
xargs sed -n 's,^#include CRASH__MACHINE_FILE(\([a-z]*\)\, *\([a-zA-Z_.]*\))$,\1/machine/NAME/\2,p' <"$work/files" |
	sort -u >"$work/counterparts"
if ! [ -s "$work/machines" ] || ! [ -s "$work/counterparts" ]; then
	complain "there is no machine, or nothing of it"
fi
while read -r machine; do
	{ sed "s,NAME,$machine," "$work/counterparts"
	  echo "preload/machine/$machine/options.sh"
	  echo "include/crashinject/machine/$machine.h"; } >"$work/wanted"
	while read -r file; do
		[ -f "$file" ] || complain "the machine $machine lacks $file"
	done <"$work/wanted"
done <"$work/machines"

# ------------------------------------------------------------------ calls that newer kernels lack

printf '#include <asm-generic/unistd.h>\n' >"$work/generic.c"
if ${CC:-cc} -E -dM -D__BITS_PER_LONG=64 -D__ARCH_WANT_NEW_STAT "$work/generic.c" >"$work/macros" 2>/dev/null &&
	grep -q __NR_renameat2 "$work/macros"; then
	sed -n 's/^#define __NR\(3264\)\{0,1\}_\([a-z0-9_]*\) .*/\2/p' "$work/macros" | sort -u >"$work/generic"
	{ grep -v '^tests/' "$work/files" | xargs grep -ohE '\bSYS_[a-z0-9_]+' | sed 's/^SYS_//'
	  sed -nE 's/^(CALL|RAW)\(([a-z0-9_]+),.*/\2/p' common/calls.def; } | sort -u | comm -23 - "$work/generic" >"$work/lacked"
	sed -n '/Calls that it lacks/,/perhaps/p' common/machine.h | grep -oE '[a-z0-9]+' | sort -u >"$work/told"
	# what is newer than the headers is defined where it is used, and is the same everywhere
	xargs sed -n 's/^#define SYS_\([a-z0-9_]*\) [0-9].*/\1/p' <"$work/files" | sort -u - "$work/told" >"$work/known"
	comm -23 "$work/lacked" "$work/known" >"$work/found"
	while read -r call; do
		complain "$call is not in every kernel: common/machine.h has to tell so"
	done <"$work/found"
else
	echo "SKIP: calls that newer kernels lack: <asm-generic/unistd.h> is not here"
fi
exit $failed
