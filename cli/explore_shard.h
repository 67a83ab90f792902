/* SPDX-License-Identifier: MIT */
/*
 * explore_shard.h - which part of the states is ours.
 */
#ifndef CRASH_EXPLORE_SHARD_H
#define CRASH_EXPLORE_SHARD_H

/**
 * Reads what --shard says, or the environment of a job array; dies of mistakes.
 * @param text "K/N", "env" or NULL
 * @param number of the shard, from 1; 1 of 1 where nobody says anything
 */
void crash__shard_read(const char *text, unsigned int *number, unsigned int *shards);

#endif
