/* SPDX-License-Identifier: MIT */
/*
 * forbid CALL[,CALL]... COMMAND [ARG]... - runs a command where the kernel refuses some calls with EPERM, as
 * a container's profile does: seccomp, notify (seccomp with a listener), pidfd_getfd, userfaultfd, unshare,
 * namespaces (clone that makes some), setns, mount, memfd_create, process_vm_readv, process_vm_writev,
 * ptrace.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/numbers.h"

static const struct {
	const char *name;
	int number;
	unsigned int flag; /* in the second argument, of clone in the first; 0: always */
} calls[] = {
	{"seccomp", SYS_seccomp, 0},
	{"notify", SYS_seccomp, SECCOMP_FILTER_FLAG_NEW_LISTENER},
	{"pidfd_getfd", SYS_pidfd_getfd, 0},
	{"userfaultfd", SYS_userfaultfd, 0},
	{"unshare", SYS_unshare, 0},
	{"namespaces", SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID},
	{"setns", SYS_setns, 0},
	{"mount", SYS_mount, 0},
	{"memfd_create", SYS_memfd_create, 0},
	{"process_vm_readv", SYS_process_vm_readv, 0},
	{"process_vm_writev", SYS_process_vm_writev, 0},
	{"ptrace", SYS_ptrace, 0},
};

#define LOAD(field)                                                                                          \
	(struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static unsigned short refuse(struct sock_filter *code, const char *name)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		unsigned short at = 0;

		if (strcmp(calls[i].name, name) != 0)
			continue;
		code[at++] = LOAD(nr);
		code[at++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)calls[i].number, 0, calls[i].flag ? 3 : 1);
		if (calls[i].flag) {
			code[at++] = calls[i].number == SYS_clone ? LOAD(args[0]) : LOAD(args[1]);
			code[at++] =
				(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, calls[i].flag, 0, 1);
		}
		code[at++] = REFUSE;
		return at;
	}
	fprintf(stderr, "forbid: %s is not known\n", name);
	exit(125);
}

int main(int argc, char **argv)
{
	struct sock_filter code[64];
	struct sock_fprog program = {.filter = code};
	unsigned short at = 0;

	if (argc < 3)
		return 125;
	for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ","))
		at = (unsigned short)(at + refuse(code + at, name));
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = at;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("forbid");
		return 125;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
