/* SPDX-License-Identifier: MIT */
/*
 * run_input.h - standard input for a run that is made again.
 */
#ifndef CRASH_RUN_INPUT_H
#define CRASH_RUN_INPUT_H

#include <sys/types.h>

/**
 * Every run reads a file from where the recorded one did, with an offset of its own; what came through a pipe
 * is gone.
 * @param at where that began to read; -1: it is no file
 * @return a descriptor, or -1
 */
int crash__input_open(off_t at);

#endif
