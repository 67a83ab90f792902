/* SPDX-License-Identifier: MIT */
#include "explore/lint/authors.h"

#include <string.h>

/* Longer lines of descent are a circle of process ids that were used again. */
#define MOST_ANCESTORS 64

static uint32_t process_of(struct crash__lint *lint, const struct crash__event *event)
{
	const struct crash__trace *trace = lint->fs->trace;
	struct crash__lint_process *process;

	for (size_t i = lint->processes_count; i-- > 0;)
		if (lint->processes[i].number == event->process)
			return (uint32_t)i;
	process = CRASH__PUSH(lint, processes);
	if (!process) {
		crash__lint_no_memory(lint);
		return 0;
	}
	memset(process, 0, sizeof *process);
	process->number = event->process;
	process->pid = event->pid;
	for (size_t i = 0; i < trace->process_count; i++)
		if (trace->processes[i].number == event->process) {
			process->pid = trace->processes[i].pid;
			process->parent = trace->processes[i].parent;
		}
	return (uint32_t)(lint->processes_count - 1);
}

uint32_t crash__author_of(struct crash__lint *lint, const struct crash__event *event)
{
	uint32_t process = process_of(lint, event);
	struct crash__lint_author *author;

	for (size_t i = lint->authors_count; i-- > 0;)
		if (lint->authors[i].process == process && lint->authors[i].tid == event->tid)
			return (uint32_t)i;
	author = CRASH__PUSH(lint, authors);
	if (!author) {
		crash__lint_no_memory(lint);
		return 0;
	}
	memset(author, 0, sizeof *author);
	author->process = process;
	author->tid = event->tid;
	return (uint32_t)(lint->authors_count - 1);
}

bool crash__descends(const struct crash__lint *lint, const struct crash__lint_process *process,
		     const struct crash__lint_process *from)
{
	uint32_t parent = process->parent;

	for (size_t depth = 0; depth < MOST_ANCESTORS && parent; depth++) {
		size_t at = 0;

		if (parent == from->pid)
			return true;
		while (at < lint->processes_count && lint->processes[at].pid != parent)
			at++;
		if (at == lint->processes_count)
			return false;
		parent = lint->processes[at].parent;
	}
	return false;
}

bool crash__same_process(const struct crash__lint *lint, uint32_t a, uint32_t b)
{
	return lint->steps[a].process == lint->steps[b].process;
}
