/* SPDX-License-Identifier: MIT */
/*
 * entry.S - where the program enters the shim other than by a C function, on x86-64.
 */
	.section .note.GNU-stack, "", @progbits
	.text

/*
 * Where a patched `mov $number, %eax; syscall` of libc arrives (machine_code.c): the number is in
 * %rax, the address behind the replaced instructions in %rcx, the arguments where the kernel expects
 * them. Like the instruction it stands for it keeps every register but %rax, %rcx and %r11, the
 * vector registers included, and the 128 bytes below the stack pointer.
 *
 * Calls long crash__site(long number, long args[6], void *caller[2]).
 */
	.globl crash__site_entry
	.hidden crash__site_entry
	.type crash__site_entry, @function
crash__site_entry:
	.cfi_startproc
	.cfi_def_cfa %rsp, 0
	.cfi_register %rip, %rcx
	leaq -128(%rsp), %rsp
	.cfi_def_cfa_offset 128
	pushq %rcx
	.cfi_def_cfa_offset 136
	.cfi_offset %rip, -136
	pushq %rbp
	.cfi_def_cfa_offset 144
	.cfi_offset %rbp, -144
	movq %rsp, %rbp
	.cfi_def_cfa_register %rbp
	subq $(16 * 16 + 6 * 8 + 2 * 8), %rsp
	andq $-16, %rsp
	movups %xmm0, 64(%rsp)
	movups %xmm1, 80(%rsp)
	movups %xmm2, 96(%rsp)
	movups %xmm3, 112(%rsp)
	movups %xmm4, 128(%rsp)
	movups %xmm5, 144(%rsp)
	movups %xmm6, 160(%rsp)
	movups %xmm7, 176(%rsp)
	movups %xmm8, 192(%rsp)
	movups %xmm9, 208(%rsp)
	movups %xmm10, 224(%rsp)
	movups %xmm11, 240(%rsp)
	movups %xmm12, 256(%rsp)
	movups %xmm13, 272(%rsp)
	movups %xmm14, 288(%rsp)
	movups %xmm15, 304(%rsp)
	movq %rdi, 0(%rsp)
	movq %rsi, 8(%rsp)
	movq %rdx, 16(%rsp)
	movq %r10, 24(%rsp)
	movq %r8, 32(%rsp)
	movq %r9, 40(%rsp)
	movq %rcx, 48(%rsp)		/* the caller: its address */
	leaq 8(%rbp), %rdi
	movq %rdi, 56(%rsp)		/* and where it is on the stack */
	movq %rax, %rdi
	movq %rsp, %rsi
	leaq 48(%rsp), %rdx
	call crash__site
	movups 64(%rsp), %xmm0
	movups 80(%rsp), %xmm1
	movups 96(%rsp), %xmm2
	movups 112(%rsp), %xmm3
	movups 128(%rsp), %xmm4
	movups 144(%rsp), %xmm5
	movups 160(%rsp), %xmm6
	movups 176(%rsp), %xmm7
	movups 192(%rsp), %xmm8
	movups 208(%rsp), %xmm9
	movups 224(%rsp), %xmm10
	movups 240(%rsp), %xmm11
	movups 256(%rsp), %xmm12
	movups 272(%rsp), %xmm13
	movups 288(%rsp), %xmm14
	movups 304(%rsp), %xmm15
	movq 0(%rsp), %rdi
	movq 8(%rsp), %rsi
	movq 16(%rsp), %rdx
	movq 24(%rsp), %r10
	movq 32(%rsp), %r8
	movq 40(%rsp), %r9
	movq %rbp, %rsp
	.cfi_def_cfa_register %rsp
	popq %rbp
	.cfi_def_cfa_offset 136
	.cfi_restore %rbp
	popq %rcx
	.cfi_def_cfa_offset 128
	.cfi_register %rip, %rcx
	leaq 128(%rsp), %rsp
	.cfi_def_cfa_offset 0
	jmpq *%rcx
	.cfi_endproc
	.size crash__site_entry, . - crash__site_entry

/*
 * pid_t vfork(void)
 *
 * The child runs in our memory until it execs: while crash__borrowed is not 0 nothing about its
 * descriptors may be remembered. The return address is kept in a register because the child returns
 * first and its frames overwrite the stack; the same reason as in libc.
 */
	.globl vfork
	.type vfork, @function
	.globl __vfork
	.type __vfork, @function
vfork:
__vfork:
	.cfi_startproc
	movq crash__borrowed@gottpoff(%rip), %rax
	incl %fs:(%rax)
	popq %rdi
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rdi
	movl $58, %eax			/* SYS_vfork */
	syscall
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rip, 0
	testq %rax, %rax
	jz 1f
	movq crash__borrowed@gottpoff(%rip), %rdx
	decl %fs:(%rdx)
	cmpq $-4095, %rax
	jae 2f
1:	ret
2:	movl %eax, %edi
	negl %edi
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call crash__set_errno
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	movl $-1, %eax
	ret
	.cfi_endproc
	.size vfork, . - vfork

/*
 * long syscall(long number, ...)
 *
 * By number, too, a child may run in our memory and on our stack: vfork, and the clone that it is. Then
 * nothing may lie there that the parent still needs. All else is crash__syscall_function()'s.
 */
	.globl syscall
	.type syscall, @function
syscall:
	.cfi_startproc
	cmpq $58, %rdi			/* SYS_vfork */
	je vfork
	cmpq $56, %rdi			/* SYS_clone */
	jne 1f
	cmpq $0x4111, %rsi		/* CLONE_VM | CLONE_VFORK | SIGCHLD */
	jne 1f
	testq %rdx, %rdx		/* on the same stack */
	je vfork
1:	jmp crash__syscall_function
	.cfi_endproc
	.size syscall, . - syscall
