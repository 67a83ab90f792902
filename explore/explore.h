/* SPDX-License-Identifier: MIT */
/*
 * explore.h - from a program, or a trace, to verdicts and causes: the order in which the room works.
 */
#ifndef CRASH_EXPLORE_H
#define CRASH_EXPLORE_H

#include "explore/cause.h"
#include "explore/engine.h"
#include "explore/record.h"
#include "explore/scratch.h"
#include "trace/reader.h"

/** What to do; everything is the caller's. */
struct crash__explore_options {
	const struct crash__request *request; /* the program; its trace gets the recording. NULL: trace_path */
	const char *trace_path;
	const char *directory; /* the data directory; NULL: the trace's */
	const char *setup;     /* for sh -c: prepares the data directory; or NULL */
	const struct crash__model *models;
	uint32_t model_count;
	struct crash__engine_options engine; /* fs, models, directory, scratch and namespaces are filled in */
	bool copy; /* work on copies, also where namespaces would do */
};

struct crash__exploration {
	struct crash__recorded recorded;
	bool has_recorded;
	struct crash__trace trace;
	bool has_trace;
	struct crash__base *base;
	struct crash__fs fs;
	bool has_fs;
	char directory[PATH_MAX]; /* the data directory, where it really is */
	char root[PATH_MAX];	  /* as the trace names it */
	struct crash__scratch scratch;
	bool namespaces;
	char why_no_namespaces[256];
	struct crash__engine *engine;
	struct crash__causes causes;
	CRASH__VECTOR(char *, incomplete); /* why it may have missed something */
};

/**
 * Records, or reads, and replays: afterwards everything is there that states are made of.
 * Call crash__explore_clear() also when it fails.
 */
int crash__explore_prepare(const struct crash__explore_options *options, struct crash__exploration *exploration);

/** Makes the engine; verdicts that are known already may be told to it. */
int crash__explore_start(const struct crash__explore_options *options, struct crash__exploration *exploration);

/** Has all states checked, and finds the causes of failures. */
int crash__explore_run(struct crash__exploration *exploration);

/** Adds a sentence to exploration->incomplete. */
int crash__explore_incomplete(struct crash__exploration *exploration, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void crash__explore_clear(struct crash__exploration *exploration);

#endif
