/* SPDX-License-Identifier: MIT */
/*
 * make_script.c - random scripts, and smaller ones.
 *
 * Method: a table of patterns, each of one or several ops. A capital letter in a pattern stands for something
 * random, and for the same within one pattern; so a pattern can say "map a file, rename it, make another one
 * of its name, store". Names, slots and sizes are few, so that patterns meet. Words with bars are
 * alternatives.
 */
#include "tests/explore/make_script.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support.h"

#define WORKERS 3
#define LETTERS 26

static const struct pattern {
	unsigned int weight, wishes;
	const char *ops;
} patterns[] = {
	/* files */
	{10, 0, "open S P O D"},
	{4, 0, "open S P ct D; write S N R"},
	{2, 0, "creat S P D"},
	{2, 0, "tmpfile S P; write S N R; name S Q"},
	{1, 0, "tmpfile S P; write S N R; name S Q; unlink Q; write S N R"},
	{1, 0, "mkstemp S P; write S N R; rename P Q plain"},
	{3, SCRIPT_ROUTES, "open S P co 644; write S B R; pwrite S B R C; close S"},
	{1, SCRIPT_RARE, "open S P co 644; write S N R; close S"},
	{3, 0, "close S"},
	{3, 0, "pass S T dup|dup3"},
	{2, 0, "pass S T socket|pidfd"},
	{3, 0, "reopen S T r|w|wa|wt|b"},
	/* data */
	{8, 0, "write S N R"},
	{6, 0, "pwrite S N R A"},
	{3, 0, "writev S N R"},
	{3, 0, "pwritev S N R A"},
	{4, 0, "pwritev2 S N R W none|append|sync|dsync"},
	{4, 0, "print S N R"},
	{2, 0, "printf S N R"},
	{3, 0, "file P w|a|r+|wx N R"},
	{4, 0, "seek S A 0|1|2"},
	{3, 0, "seek S 0 2; write S N R"},
	{1, SCRIPT_RARE, "aio S N R A"},
	{3, 0, "sendfile S T W N"},
	{3, 0, "copy S T W V N"},
	{2, 0, "splice S N R W write|pages"},
	{1, SCRIPT_RARE, "clone S T"},
	{4, 0, "ftruncate S A"},
	{3, 0, "truncate P A"},
	{5, 0, "allocate S plain|keep|punch|zero|zerokeep|posix A N"},
	{2, SCRIPT_SHIFTS, "allocate S collapse|insert|unshare C B"},
	{2, SCRIPT_RARE, "space S zero|reserve|unreserve A N"},
	{3, 0, "sync S file|data|range"},
	{4, 0, "open S P ct D; write S N R; sync S file|data; rename P Q plain"},
	/* names */
	{7, 0, "rename P Q plain"},
	{2, 0, "rename P Q exchange|keep"},
	{4, 0, "link P Q"},
	{3, 0, "symlink Y P"},
	{4, 0, "unlink P"},
	{1, 0, "remove P"},
	{6, 0, "mkdir P 755|700"},
	{2, 0, "rmdir P"},
	{1, 0, "node P file|fifo"},
	{2, 0, "chmod P D"},
	{2, 0, "fchmod S D"},
	{1, 0, "acl P D"},
	{1, 0, "acl = S D"},
	{1, 0, "chmod P 4755|2755|6711|4644; owner P 0|65534"},
	{1, 0, "fchmod S 4755|2755|6711; owner = S 0|65534"},
	{2, 0, "open S P c 644; unlink P; open T P c 644; write S N R; write T N R"},
	{2, 0, "mkdir P 755; open S P/a c 644; rename P Q plain; write S N R; open T Q/a t 644"},
	{3, 0, "cd P"},
	{2, 0, "cd P; rename P Q plain; open S a c 644; write S N R; cd -"},
	{4, 0, "cd -"},
	{1, SCRIPT_RARE, "handle S P b|t|w|wt"},
	/* memory */
	{6, SCRIPT_MEMORY, "map M S C N rw|rw|rw|r|private"},
	{8, SCRIPT_MEMORY, "store M A N R"},
	{4, SCRIPT_MEMORY, "map M S 0 100000 rw; store M A N R"},
	{2, SCRIPT_MEMORY, "fetch M A N S B"},
	{3, SCRIPT_MEMORY, "remap M N stay|move|fixed; store M A N R"},
	{3, SCRIPT_MEMORY, "map M S 0 N rw; remap M 200000 move; ftruncate S 150000; store M A N R"},
	{3, SCRIPT_MEMORY, "msync M C N sync|async"},
	{3, SCRIPT_MEMORY, "unmap M B end|over"},
	{2, SCRIPT_MEMORY, "unmap M 0"},
	{2, SCRIPT_MEMORY, "protect M r|rw; store M A N R"},
	{1, SCRIPT_MEMORY, "advise M dontneed|cold; store M A N R"},
	{1, SCRIPT_MEMORY | SCRIPT_RARE, "advise M remove"},
	{1, SCRIPT_MEMORY | SCRIPT_RARE, "poke M A N R"},
	{2, SCRIPT_MEMORY, "open S P c 644; ftruncate S 20000; map M S 0 20000 rw; close S; store M A N R"},
	{3, SCRIPT_MEMORY,
	 "open S P c 644; ftruncate S 20000; map M S 0 20000 rw; rename P Q plain; store M A N R; "
	 "open S P c 644; write S N R; store M A N R"},
	{3, SCRIPT_MEMORY,
	 "open S P c 644; ftruncate S 20000; map M S 0 20000 rw; store M A N R; unlink P; "
	 "open S P c 644; write S N R; store M A N R"},
	{2, SCRIPT_MEMORY, "map M S 0 100000 rw; store M A N R; write S N R; store M A N R; ftruncate S A"},
	{2, SCRIPT_MEMORY | SCRIPT_PROCESSES, "delegate M A N R exit|exec"},
	{1, SCRIPT_MEMORY | SCRIPT_PROCESSES | SCRIPT_RARE, "delegate M A N R kill"},
	{2, SCRIPT_PROCESSES, "child S N R"},
};

#define PATTERNS (sizeof patterns / sizeof *patterns)

/* ------------------------------------------------------------------ scripts */

static void add(struct script *script, const char *line)
{
	script->lines = realloc(script->lines, (script->count + 1) * sizeof *script->lines);
	script->lines[script->count++] = strdup(line);
}

void script_read(struct script *script, const char *text)
{
	char *copy = strdup(text), *rest;

	memset(script, 0, sizeof *script);
	for (char *line = strtok_r(copy, ";\n", &rest); line; line = strtok_r(NULL, ";\n", &rest))
		add(script, line + strspn(line, " "));
	free(copy);
}

void script_clear(struct script *script)
{
	for (size_t i = 0; i < script->count; i++)
		free(script->lines[i]);
	free(script->lines);
	memset(script, 0, sizeof *script);
}

bool script_has_workers(const struct script *script)
{
	for (size_t i = 0; i < script->count; i++)
		if (script->lines[i][0] != '0')
			return true;
	return false;
}

char *script_text(const struct script *script)
{
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	for (size_t i = 0; i < script->count; i++)
		fprintf(stream, "%s\n", script->lines[i]);
	fclose(stream);
	return text;
}

void script_write(const struct script *script, const char *path)
{
	char *text = script_text(script);
	FILE *file = fopen(path, "we");

	ck_assert_msg(file && fputs(text, file) != EOF && fclose(file) == 0, "cannot write %s", path);
	free(text);
}

/* ------------------------------------------------------------------ patterns */

struct builder {
	struct script *script;
	uint64_t random;
	unsigned int wishes;
	int workers;
	bool process[WORKERS + 1]; /* whether a worker is a process; the first one is */
	bool threads;
	char memory_route;	  /* of calls on mappings, which programs do not mix; or 0 */
	char values[LETTERS][64]; /* of a pattern's letters; "": none yet */
};

static unsigned int below(struct builder *builder, unsigned int most)
{
	return (unsigned int)support_below(&builder->random, most);
}

/* One to three names, in the worker's own directory if there is one. */
static void make_path(struct builder *builder, int own, char out[64])
{
	unsigned int names = 1 + below(builder, 3);
	int length = own ? snprintf(out, 64, "own%d", own) : 0;

	for (unsigned int i = 0; i < names; i++)
		length += snprintf(out + length, 64 - (size_t)length, "%s%s%c", length ? "/" : "",
				   length && below(builder, 12) == 0 ? "./" : "",
				   'a' + (char)below(builder, 5));
	if (below(builder, 40) == 0)
		snprintf(out + length, 64 - (size_t)length, "/../%c", 'a' + (char)below(builder, 5));
}

static unsigned int size(struct builder *builder)
{
	static const unsigned int most[] = {16, 200, 4097, 20000, 70000};

	return 1 + below(builder, most[below(builder, 5)]);
}

static unsigned int offset(struct builder *builder)
{
	static const unsigned int most[] = {1, 500, 9000, 100000};

	return below(builder, most[below(builder, 4)]);
}

static void make_value(struct builder *builder, char letter, int own, char out[64])
{
	static const char *const flags[] = {"c", "c", "cx", "ct", "t",	"b",  "ca", "a",
					    "r", "w", "wc", "wt", "cs", "cd", "b",  "wa"};
	static const char *const modes[] = {"644", "600", "755", "444", "711", "777"};

	if (strchr("PQX", letter))
		make_path(builder, own, out);
	else if (strchr("ST", letter))
		snprintf(out, 64, "%u", below(builder, 6));
	else if (letter == 'M')
		snprintf(out, 64, "%u", below(builder, 3));
	else if (letter == 'N')
		snprintf(out, 64, "%u", size(builder));
	else if (letter == 'A')
		snprintf(out, 64, "%u", offset(builder));
	else if (strchr("VW", letter))
		snprintf(out, 64, "%d", below(builder, 2) ? -1 : (int)offset(builder));
	else if (letter == 'B')
		snprintf(out, 64, "%u", 4096 * (1 + below(builder, 4)));
	else if (letter == 'C')
		snprintf(out, 64, "%u", 4096 * below(builder, 6));
	else if (letter == 'R')
		snprintf(out, 64, "%u", below(builder, 10000));
	else if (letter == 'Y')
		snprintf(out, 64, "%c", 'a' + (char)below(builder, 5));
	else if (letter == 'O')
		snprintf(out, 64, "%s", flags[below(builder, 16)]);
	else
		snprintf(out, 64, "%s", modes[below(builder, 6)]);
}

/* A letter keeps its value within a pattern, but what and where something is written. */
static const char *value(struct builder *builder, char letter, int own)
{
	char *is = builder->values[letter - 'A'];

	if (!*is || strchr("ANRVW", letter))
		make_value(builder, letter, own, is);
	return is;
}

static const char *alternative(struct builder *builder, char *word)
{
	unsigned int count = 1;
	char *rest;

	for (const char *at = word; *at; at++)
		count += *at == '|';
	word = strtok_r(word, "|", &rest);
	for (count = below(builder, count); count; count--)
		word = strtok_r(NULL, "|", &rest);
	return word;
}

static void add_op(struct builder *builder, int worker, bool common, bool memory, char *op)
{
	int own = common ? 0 : worker, length;
	char line[512], *rest, *word = strtok_r(op, " ", &rest);
	bool routes = builder->wishes & SCRIPT_ROUTES;
	char route = routes ? "ssski"[below(builder, 5)] : 's';

	if (memory && builder->memory_route)
		route = builder->memory_route;
	length = snprintf(line, sizeof line, "%d%s %c%c %s", worker, common && builder->workers ? "!" : "",
			  route, routes ? "...@/"[below(builder, 5)] : '.', word);
	while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
		bool letter = *word >= 'A' && *word <= 'Z' && (!word[1] || word[1] == '/');
		const char *text = letter ? value(builder, *word, own) : alternative(builder, word);

		length += snprintf(line + length, sizeof line - (size_t)length, " %s%s", text,
				   letter ? word + 1 : "");
	}
	add(builder->script, line);
}

static unsigned int add_pattern(struct builder *builder, int worker, bool common, const char *ops)
{
	char copy[512], *rest;
	unsigned int count = 0;

	snprintf(copy, sizeof copy, "%s", ops);
	memset(builder->values, 0, sizeof builder->values);
	for (char *op = strtok_r(copy, ";", &rest); op; op = strtok_r(NULL, ";", &rest), count++)
		add_op(builder, worker, common, strstr(ops, " M ") != NULL, op + strspn(op, " "));
	return count;
}

/* ------------------------------------------------------------------ workers */

static void add_workers(struct builder *builder)
{
	static const char *const kinds[] = {"fork", "start", "start"};
	bool threads = builder->wishes & SCRIPT_THREADS, processes = builder->wishes & SCRIPT_PROCESSES;

	builder->process[0] = true;
	if ((!threads && !processes) || below(builder, 2))
		return;
	builder->workers = 1 + (int)below(builder, WORKERS);
	for (int i = 1; i <= builder->workers; i++) {
		unsigned int kind = below(builder, 3);
		char line[64];

		builder->process[i] = processes && (!threads || below(builder, 2));
		builder->threads |= !builder->process[i];
		snprintf(line, sizeof line, "0 s. %s %d %s", builder->process[i] ? kinds[kind] : "thread", i,
			 kind == 2 ? "static" : "same");
		add(builder->script, line);
		snprintf(line, sizeof line, "%d! s. mkdir own%d 755", i, i);
		add(builder->script, line);
	}
}

/* Where a process of its own sees other names than everybody else. */
static void add_namespaces(struct builder *builder)
{
	for (int i = 1; i <= builder->workers; i++)
		if ((builder->wishes & SCRIPT_NAMESPACES) && builder->process[i] && below(builder, 4) == 0)
			add_pattern(builder, i, true,
				    below(builder, 2) ?
					    "mkdir P 755; mkdir Q 755; bind P Q; open S Q/a c 644; "
					    "write S N R; rename P/a Q/b plain" :
					    "mkdir P 755; root P; open S a c 644; write S N R");
}

/* What is not seen makes a recording incomplete, and then nothing else is found in it: not in every script.
 */
static unsigned int choose_wishes(struct builder *builder, unsigned int wishes)
{
	static const struct {
		unsigned int wish, every;
	} chances[] = {{SCRIPT_RARE, 4}, {SCRIPT_NAMESPACES, 4}, {SCRIPT_SHIFTS, 2}};

	for (size_t i = 0; i < sizeof chances / sizeof *chances; i++)
		if (below(builder, chances[i].every))
			wishes &= ~chances[i].wish;
	return wishes;
}

static const struct pattern *choose(struct builder *builder)
{
	unsigned int total = 0;
	const struct pattern *pattern = patterns;

	for (size_t i = 0; i < PATTERNS; i++)
		if ((patterns[i].wishes & ~builder->wishes) == 0)
			total += patterns[i].weight;
	for (total = below(builder, total);; pattern++) {
		if (pattern->wishes & ~builder->wishes)
			continue;
		if (total < pattern->weight)
			return pattern;
		total -= pattern->weight;
	}
}

void script_make(struct script *script, uint64_t seed, unsigned int ops, unsigned int wishes)
{
	struct builder builder = {.script = script, .random = seed};

	memset(script, 0, sizeof *script);
	builder.wishes = choose_wishes(&builder, wishes);
	if (!(builder.wishes & SCRIPT_ROUTES))
		builder.memory_route = 's';
	else if (!(builder.wishes & SCRIPT_RARE))
		builder.memory_route = "ski"[below(&builder, 3)];
	add_workers(&builder);
	for (unsigned int done = 0; done < ops;) {
		const struct pattern *pattern = choose(&builder);
		int worker = (int)below(&builder, (unsigned int)builder.workers + 1);
		bool moves = strncmp(pattern->ops, "cd", 2) == 0;

		/* threads have one working directory, and none can know where it is when another one changes
		 * it */
		if (builder.threads && moves)
			continue;
		done += add_pattern(&builder, worker, worker == 0 || moves || below(&builder, 3) == 0,
				    pattern->ops);
	}
	add_namespaces(&builder);
	for (int i = 1; i <= builder.workers; i++)
		if (builder.process[i] && below(&builder, 3) == 0)
			add_pattern(&builder, i, false,
				    builder.wishes & SCRIPT_RARE ? "end exit|kill|exec" : "end exit|exec");
}

const char *const *script_command(const char *program, const char *path, uint64_t seed, unsigned int ops,
				  unsigned int wishes)
{
	static const char *argv[3];
	static char words[2][PATH_MAX];
	struct script script;

	script_make(&script, seed, ops, wishes);
	script_write(&script, path);
	script_clear(&script);
	snprintf(words[0], PATH_MAX, "%.3000s/%s", getenv("PROGRAMS"), program);
	snprintf(words[1], PATH_MAX, "%s", path);
	argv[0] = words[0];
	argv[1] = words[1];
	return argv;
}

/* ------------------------------------------------------------------ smaller ones */

/* Without the lines from `first` on. */
static struct script without(const struct script *script, size_t first, size_t count)
{
	struct script smaller = {0};

	for (size_t i = 0; i < script->count; i++)
		if (i < first || i >= first + count)
			add(&smaller, script->lines[i]);
	return smaller;
}

static void drop_lines(struct script *script, bool (*fails)(const struct script *, void *), void *context)
{
	bool again;

	for (size_t piece = script->count / 2; piece > 0; piece = again ? piece : piece / 2) {
		again = false;
		for (size_t first = 0; first < script->count;) {
			struct script smaller = without(script, first, piece);

			if (smaller.count && fails(&smaller, context)) {
				script_clear(script);
				*script = smaller;
				again = piece == 1;
			} else {
				script_clear(&smaller);
				first += piece;
			}
		}
	}
}

/* The usual route instead of another one. */
static void make_plain(struct script *script, bool (*fails)(const struct script *, void *), void *context)
{
	for (size_t i = 0; i < script->count; i++) {
		char *route = strchr(script->lines[i], ' ') + 1, was[2] = {route[0], route[1]};

		for (int j = 0; j < 2; j++) {
			route[j] = j ? '.' : 's';
			if (route[j] != was[j] && !fails(script, context))
				route[j] = was[j];
		}
	}
}

/* All by one worker instead of several. */
static void make_single(struct script *script, bool (*fails)(const struct script *, void *), void *context)
{
	struct script single = {0}, was = *script;

	for (size_t i = 0; i < script->count; i++) {
		char line[512];

		snprintf(line, sizeof line, "0 %s", strchr(script->lines[i], ' ') + 1);
		add(&single, line);
	}
	if (fails(&single, context)) {
		*script = single;
		single = was;
	}
	script_clear(&single);
}

void script_minimise(struct script *script, bool (*fails)(const struct script *script, void *context),
		     void *context)
{
	drop_lines(script, fails, context);
	make_single(script, fails, context);
	make_plain(script, fails, context);
}
