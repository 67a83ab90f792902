/* SPDX-License-Identifier: MIT */
/*
 * attempts.h - how each thing is tried: in a process of its own, which ends afterwards. Each returns 0, or an
 * error with its detail, and with errno where the kernel refused it.
 */
#ifndef CRASH_ATTEMPTS_H
#define CRASH_ATTEMPTS_H

/* ------------------------------------------------------------------ run_attempts.c: what a run needs */

int crash__attempt_shared_memory(const char *directory);
int crash__attempt_memory_file(const char *directory);
int crash__attempt_crash(const char *directory);
int crash__attempt_notification(const char *directory);
int crash__attempt_look(const char *directory);
int crash__attempt_descriptor(const char *directory);
int crash__attempt_pages(const char *directory);
int crash__attempt_memory_program(const char *directory);

/* ------------------------------------------------------------------ place_attempts.c: what explore and
 * witness need */

int crash__attempt_user_namespace(const char *directory);
int crash__attempt_mount_namespace(const char *directory);
int crash__attempt_pid_namespace(const char *directory);
int crash__attempt_bind(const char *directory);
int crash__attempt_overlay(const char *directory);
int crash__attempt_network(const char *directory);
int crash__attempt_root(const char *directory);
int crash__attempt_fuse(const char *directory);
int crash__attempt_loop(const char *directory);
int crash__attempt_mkfs(const char *directory);
int crash__attempt_kvm(const char *directory);

#endif
