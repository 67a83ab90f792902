/* SPDX-License-Identifier: MIT */
/*
 * stub.S - the instructions by which the shim enters the kernel, on x86-64.
 *
 * The module is linked at a fixed address (options.sh), which ld.so
 * asks the kernel for and gets unless something is there already. So the address behind the one
 * `syscall` instruction of crash__syscall() is the same in every process, and a seccomp filter that
 * was made before the program started can let it pass and report all others. Being part of an
 * ordinary library the stub has unwind information: a thread that is cancelled here unwinds.
 */
	.section .note.GNU-stack, "", @progbits
	.text

/*
 * long crash__syscall(long number, const long args[6])
 *
 * The one place from which the filter lets calls that change storage pass.
 */
	.globl crash__syscall
	.hidden crash__syscall
	.type crash__syscall, @function
	.globl crash__syscall_return	/* the runner looks it up */
	.type crash__syscall_return, @function
crash__syscall:
	.cfi_startproc
	movq %rdi, %rax
	movq %rsi, %r11
	movq 0(%r11), %rdi
	movq 8(%r11), %rsi
	movq 16(%r11), %rdx
	movq 24(%r11), %r10
	movq 32(%r11), %r8
	movq 40(%r11), %r9
	syscall
crash__syscall_return:
	ret
	.cfi_endproc
	.size crash__syscall, . - crash__syscall

/*
 * long crash__syscall_seen(long number, const long args[6])
 *
 * The same from an address that the filter does not know: the supervisor sees the call and treats it
 * as one that nobody has counted.
 */
	.globl crash__syscall_seen
	.hidden crash__syscall_seen
	.type crash__syscall_seen, @function
crash__syscall_seen:
	.cfi_startproc
	movq %rdi, %rax
	movq %rsi, %r11
	movq 0(%r11), %rdi
	movq 8(%r11), %rsi
	movq 16(%r11), %rdx
	movq 24(%r11), %r10
	movq 32(%r11), %r8
	movq 40(%r11), %r9
	syscall
	.globl crash__syscall_seen_return
	.hidden crash__syscall_seen_return
crash__syscall_seen_return:
	ret
	.cfi_endproc
	.size crash__syscall_seen, . - crash__syscall_seen

/*
 * long crash__syscall_cancellable(long number, const long args[6], long (*enter)(long, const long[6]))
 *
 * Calls one of the two above. A signal for a cancellation either finds the thread between here and
 * `syscall`, or has left a note before (cancel.c).
 */
	.globl crash__syscall_cancellable
	.hidden crash__syscall_cancellable
	.type crash__syscall_cancellable, @function
	.globl crash__syscall_cancellable_return
	.hidden crash__syscall_cancellable_return
crash__syscall_cancellable:
	.cfi_startproc
	movq crash__cancel_signalled@gottpoff(%rip), %rax
	cmpl $0, %fs:(%rax)
	jne 1f
	call *%rdx
crash__syscall_cancellable_return:
	ret
1:	movq $-4095, %rax		/* CRASH__NOT_CALLED */
	ret
	.cfi_endproc
	.size crash__syscall_cancellable, . - crash__syscall_cancellable

/*
 * void crash__on_stack(void (*function)(void *), void *argument, void *top)
 */
	.globl crash__on_stack
	.hidden crash__on_stack
	.type crash__on_stack, @function
crash__on_stack:
	.cfi_startproc
	pushq %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq %rsp, %rbp
	.cfi_def_cfa_register %rbp
	movq %rdx, %rsp
	movq %rdi, %rax
	movq %rsi, %rdi
	call *%rax
	movq %rbp, %rsp
	popq %rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size crash__on_stack, . - crash__on_stack
