/* SPDX-License-Identifier: MIT */
/*
 * Method: one pass over the text, left to right, with a cursor that knows its column.
 *
 *	SPEC  = RULE { "," RULE }
 *	RULE  = POINT [ "@" GLOB ] [ "#" WHEN ] { ":" MOD }
 *	POINT = FAMILY | CALL | CALL "()" | NAME       a NAME may hold * and ?
 *	WHEN  = N | A ".." B | A "+" | A "+" STEP | "*" | "p" PCT "%"
 *	MOD   = "before" | "after" | "torn=" BYTES | "torn=" PCT "%"
 *	      | "kill" | "abort" | "sig=" NAME | "exit=" N | "stop" | "delay=" TIME | "log"
 *	      | "err=" ERRNO | "short=" BYTES | "flip=" N | "skip"
 *	      | "self" | "thread=" K | "child=" K | "in=" FUNCTION | "seed=" N | "site=" HEX
 *
 * A backslash takes the next character as it is. In the value of a MOD, one colon is its end and two are part
 * of it: no MOD is empty. "write()" is the call where "write" is the family. Runs also inside the program
 * under test, before it is safe to allocate: no malloc, no locale.
 */
#include "common/spec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/names.h"
#include "common/suggest.h"

struct cursor {
	const char *start, *at;
	struct crash__spec_error *error;
};

/* The value of a modifier, as it stands in the text. */
struct value {
	const char *text;
	size_t length;
};

/* Fails at `where`; the message is cut if it is too long. */
static bool fail(struct cursor *cursor, const char *where, const char *message, const char *hint)
{
	struct crash__spec_error *error = cursor->error;

	error->column = (size_t)(where - cursor->start) + 1;
	snprintf(error->message, sizeof error->message, "%s", message);
	snprintf(error->hint, sizeof error->hint, "%s", hint ? hint : "");
	return false;
}

static bool fail_word(struct cursor *cursor, const char *where, size_t length, const char *format,
		      const char *hint)
{
	char message[sizeof cursor->error->message];

	snprintf(message, sizeof message, format, (int)(length > 60 ? 60 : length), where);
	return fail(cursor, where, message, hint);
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '_' || c == '-' || c == '/';
}

bool crash__point_name_ok(const char *name, size_t length)
{
	if (length == 0 || length >= CRASH__NAME)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_name_char(name[i]))
			return false;
	return crash__family_find(name, length) < 0 && crash__call_find(name, length) < 0;
}

bool crash__parse_count(const char *text, size_t length, uint64_t *value)
{
	uint64_t n = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n))
			return false;
	}
	*value = n;
	return true;
}

bool crash__parse_size(const char *text, size_t length, uint64_t *bytes)
{
	static const char units[] = "kKmMgG";
	const char *unit = length ? memchr(units, text[length - 1], sizeof units - 1) : NULL;
	int shift = unit ? 10 * ((int)(unit - units) / 2 + 1) : 0;
	uint64_t n;

	if (!crash__parse_count(text, length - (unit != NULL), &n) || n > UINT64_MAX >> shift)
		return false;
	*bytes = n << shift;
	return true;
}

bool crash__parse_time(const char *text, size_t length, uint64_t *microseconds)
{
	static const struct {
		const char *name;
		uint64_t microseconds;
	} units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}};
	size_t digits = 0, fraction = 0;
	uint64_t unit = 1000000, whole = 0, part = 0, scale = 1;

	while (digits < length && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	if (digits < length && text[digits] == '.')
		while (digits + 1 + fraction < length && fraction < 6 && text[digits + 1 + fraction] >= '0' &&
		       text[digits + 1 + fraction] <= '9')
			fraction++;
	if (digits + (fraction ? fraction + 1 : 0) < length) {
		const char *name = text + digits + (fraction ? fraction + 1 : 0);
		size_t left = length - (size_t)(name - text), i;

		for (i = 0; i < sizeof units / sizeof *units; i++)
			if (strlen(units[i].name) == left && memcmp(units[i].name, name, left) == 0)
				break;
		if (i == sizeof units / sizeof *units)
			return false;
		unit = units[i].microseconds;
	}
	if (!crash__parse_count(text, digits, &whole) || __builtin_mul_overflow(whole, unit, &whole))
		return false;
	if (fraction && !crash__parse_count(text + digits + 1, fraction, &part))
		return false;
	for (size_t i = 0; i < fraction; i++)
		scale *= 10;
	return !__builtin_add_overflow(whole, part * unit / scale, microseconds);
}

/* Copies text up to one of `stops`, resolving backslashes. Returns false if it does not fit. */
static bool take(struct cursor *cursor, const char *stops, char *out, size_t size, size_t *length)
{
	size_t n = 0;

	while (*cursor->at && strchr(stops, *cursor->at) == NULL) {
		if (*cursor->at == '\\' && cursor->at[1])
			cursor->at++;
		if (n + 1 >= size)
			return false;
		out[n++] = *cursor->at++;
	}
	out[n] = '\0';
	*length = n;
	return true;
}

/* As take(), but keeps backslashes for the pattern matcher. */
static bool take_pattern(struct cursor *cursor, const char *stops, char *out, size_t size)
{
	size_t n = 0;

	while (*cursor->at && strchr(stops, *cursor->at) == NULL) {
		size_t step = *cursor->at == '\\' && cursor->at[1] ? 2 : 1;

		if (n + step >= size)
			return false;
		memcpy(out + n, cursor->at, step);
		n += step;
		cursor->at += step;
	}
	out[n] = '\0';
	return true;
}

/* As take(), for the value of a modifier: what a colon ends is not ended by two, as in
 * in=Store::append:after. */
static bool take_value(struct cursor *cursor, char *out, size_t size, size_t *length)
{
	size_t more;

	if (!take(cursor, ":,", out, size, length))
		return false;
	while (strncmp(cursor->at, "::", 2) == 0) {
		if (*length + 2 >= size)
			return false;
		memcpy(out + *length, "::", 2);
		*length += 2;
		cursor->at += 2;
		if (!take(cursor, ":,", out + *length, size - *length, &more))
			return false;
		*length += more;
	}
	return true;
}

static const char *nearest_call(const char *word, size_t length)
{
	struct crash__suggestion near = {.word = word, .length = length};

	for (int i = 0; i < CRASH__CALLS; i++)
		crash__suggest(&near, crash__calls[i].name);
	return near.best;
}

/*
 * The family or call that a name misspells. One that goes on after it, as "linked" does, is a word of its
 * own, and so is what has more than one letter wrong.
 */
static const char *misspelt(const char *word, size_t length)
{
	struct crash__suggestion near = {.word = word, .length = length};

	for (unsigned int i = 0; i <= CRASH__FAMILIES; i++)
		crash__suggest(&near, crash__family_name(i));
	for (int i = 0; i < CRASH__CALLS; i++)
		crash__suggest(&near, crash__calls[i].name);
	return near.best && near.distance <= 1 && strncmp(word, near.best, strlen(near.best)) != 0 ?
		       near.best :
		       NULL;
}

/* Whether a * or ? in the text is to be taken as it is, which no name has. */
static bool has_escaped_wildcard(const char *text, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++)
		if (text[i] == '\\' && (text[i + 1] == '*' || text[i + 1] == '?'))
			return true;
	return false;
}

static bool parse_explicit(struct cursor *cursor, struct crash__rule *rule, const char *where, size_t length)
{
	size_t typed = (size_t)(cursor->at - where);
	bool wrong = has_escaped_wildcard(where, typed);
	const char *near;
	char hint[CRASH__NAME + 16];

	for (size_t i = 0; i < length; i++) {
		if (rule->name[i] == '*' || rule->name[i] == '?')
			rule->pattern = true;
		else if (!is_name_char(rule->name[i]))
			wrong = true;
	}
	if (wrong)
		return fail_word(cursor, where, typed,
				 "\"%.*s\" is not a point: names have letters, digits, . _ - and /", NULL);
	/* Explicit names usually have a dot; a word that is nearly "write" is a misspelt "write", unless a
	 * backslash says that it is meant. */
	near = strpbrk(rule->name, ".*?/") || memchr(where, '\\', typed) ? NULL :
									   misspelt(rule->name, length);
	if (near) {
		snprintf(hint, sizeof hint, "did you mean %s?", near);
		return fail_word(cursor, where, typed, "there is no call or family \"%.*s\"", hint);
	}
	rule->kind = CRASH__KIND_EXPLICIT;
	return true;
}

static bool parse_point(struct cursor *cursor, struct crash__rule *rule)
{
	const char *where = cursor->at;
	size_t length;
	bool call_only;
	int found;

	if (!take(cursor, "@#:,", rule->name, sizeof rule->name, &length))
		return fail(cursor, where, "this point's name is too long", NULL);
	if (length == 0)
		return fail(cursor, where, "a point is missing here",
			    "for example write#17 or wal.mid-frame");
	call_only = length > 2 && strcmp(rule->name + length - 2, "()") == 0;
	if (call_only)
		length -= 2;
	found = call_only ? -1 : crash__family_find(rule->name, length);
	rule->kind = CRASH__KIND_FAMILY;
	if (found < 0) {
		found = crash__call_find(rule->name, length);
		rule->kind = CRASH__KIND_CALL;
	}
	if (found >= 0) {
		rule->which = (uint16_t)found;
		rule->name[length] = '\0';
		return true;
	}
	if (call_only) {
		const char *near = nearest_call(rule->name, length);
		char hint[CRASH__NAME];

		if (crash__family_find(rule->name, length) >= 0)
			snprintf(hint, sizeof hint, "%.*s without () is a family", (int)length, rule->name);
		else
			snprintf(hint, sizeof hint, near ? "did you mean %s()?" : "%s", near ? near : "");
		return fail_word(cursor, where, length, "there is no call \"%.*s\"", hint);
	}
	return parse_explicit(cursor, rule, where, length);
}

/* A number in WHEN, which may be followed by more of WHEN. */
static bool parse_occurrence(struct cursor *cursor, uint64_t *value)
{
	const char *where = cursor->at;
	size_t length = strspn(where, "0123456789");

	if (length == 0)
		return fail(cursor, where, "a number is missing here",
			    "N, A..B, A+, A+STEP, * or p1% follows #");
	if (!crash__parse_count(where, length, value))
		return fail(cursor, where, "this number does not fit into 64 bits", NULL);
	if (*value == 0)
		return fail(cursor, where, "occurrences are counted from 1", NULL);
	cursor->at += length;
	return true;
}

/* Percent with up to five digits behind the point, and the sign. */
static bool parse_chance(struct cursor *cursor, struct crash__rule *rule)
{
	const char *where = cursor->at + 1;
	size_t digits = strspn(where, "0123456789"), fraction = 0, length = digits;
	uint64_t unit = CRASH__CERTAIN / 100, part = 0;

	if (digits && where[digits] == '.') {
		fraction = strspn(where + digits + 1, "0123456789");
		length += 1 + fraction;
	}
	if (!crash__parse_count(where, digits, &rule->chance) || where[length] != '%' ||
	    (length > digits && (fraction < 1 || fraction > 5)) || rule->chance > 100)
		return fail(cursor, where, "a percentage is missing here",
			    "p1% is one in a hundred; the least is p0.00001%");
	for (size_t i = 0; i < fraction; i++)
		part += (uint64_t)(where[digits + 1 + i] - '0') * (unit /= 10);
	rule->chance = rule->chance * (CRASH__CERTAIN / 100) + part;
	if (rule->chance == 0 || rule->chance > CRASH__CERTAIN)
		return fail(cursor, where, "this is no chance", "it is above 0 and at most 100 %");
	cursor->at = where + length + 1;
	rule->chance_column = (uint32_t)(where - 1 - cursor->start) + 1;
	rule->chance_length = (uint32_t)(cursor->at - where) + 1;
	rule->last = UINT64_MAX;
	return true;
}

static bool parse_when(struct cursor *cursor, struct crash__rule *rule)
{
	const char *where = cursor->at;

	if (*cursor->at == 'p')
		return parse_chance(cursor, rule);
	if (*cursor->at == '*') {
		cursor->at++;
		rule->last = UINT64_MAX;
		return true;
	}
	if (!parse_occurrence(cursor, &rule->first))
		return false;
	rule->last = rule->first;
	if (strncmp(cursor->at, "..", 2) == 0) {
		cursor->at += 2;
		if (!parse_occurrence(cursor, &rule->last))
			return false;
		if (rule->last < rule->first)
			return fail(cursor, where, "this range ends before it starts", NULL);
	} else if (*cursor->at == '+') {
		cursor->at++;
		rule->last = UINT64_MAX;
		if (*cursor->at >= '0' && *cursor->at <= '9' && !parse_occurrence(cursor, &rule->step))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ modifiers */

/* Second names, which the C library's own tables do not have. */
struct alias {
	const char *name;
	int number;
};

static const struct alias signal_aliases[] = {{"IO", SIGIO}, {"IOT", SIGIOT}, {"CLD", SIGCLD}, {NULL, 0}};
static const struct alias errno_aliases[] = {
	{"EWOULDBLOCK", EWOULDBLOCK}, {"ENOTSUP", ENOTSUP}, {"EDEADLOCK", EDEADLOCK}, {NULL, 0}};

static bool is_word(struct value value, const char *word)
{
	return word && strlen(word) == value.length && !memcmp(word, value.text, value.length);
}

static int alias_of(struct value value, const struct alias *aliases)
{
	for (; aliases->name; aliases++)
		if (is_word(value, aliases->name))
			return aliases->number;
	return -1;
}

static int signal_of(struct value value)
{
	uint64_t number;

	if (crash__parse_count(value.text, value.length, &number))
		return number >= 1 && number < NSIG ? (int)number : -1;
	if (value.length > 3 && strncmp(value.text, "SIG", 3) == 0) {
		value.text += 3;
		value.length -= 3;
	}
	for (int i = 1; i < NSIG; i++)
		if (is_word(value, crash__signal_name(i)))
			return i;
	return alias_of(value, signal_aliases);
}

int crash__parse_signal(const char *text)
{
	return signal_of((struct value){text, strlen(text)});
}

static int errno_of(struct value value)
{
	uint64_t number;

	if (crash__parse_count(value.text, value.length, &number))
		return number >= 1 && number < 4096 ? (int)number : -1;
	for (int i = 1; i < 256; i++)
		if (is_word(value, crash__error_name(i)))
			return i;
	return alias_of(value, errno_aliases);
}

static bool set_torn(struct crash__rule *rule, struct value value)
{
	bool percent = value.length && value.text[value.length - 1] == '%';

	rule->moment = percent ? CRASH__TORN_PERCENT : CRASH__TORN_BYTES;
	if (percent)
		return crash__parse_count(value.text, value.length - 1, &rule->torn) && rule->torn <= 100;
	return crash__parse_size(value.text, value.length, &rule->torn);
}

static bool set_number(int64_t *out, uint64_t most, struct value value)
{
	uint64_t n;

	if (!crash__parse_count(value.text, value.length, &n) || n > most)
		return false;
	*out = (int64_t)n;
	return true;
}

static bool set_exit(struct crash__rule *rule, struct value value)
{
	return set_number(&rule->argument, 255, value);
}

static bool set_signal(struct crash__rule *rule, struct value value)
{
	rule->argument = signal_of(value);
	return rule->argument > 0;
}

static bool set_errno(struct crash__rule *rule, struct value value)
{
	rule->argument = errno_of(value);
	return rule->argument > 0;
}

static bool set_seed(struct crash__rule *rule, struct value value)
{
	rule->has_seed = true;
	return crash__parse_count(value.text, value.length, &rule->seed);
}

static bool set_short(struct crash__rule *rule, struct value value)
{
	uint64_t n;

	if (!crash__parse_size(value.text, value.length, &n) || n > INT64_MAX)
		return false;
	rule->argument = (int64_t)n;
	return true;
}

static bool set_delay(struct crash__rule *rule, struct value value)
{
	uint64_t n;

	if (!crash__parse_time(value.text, value.length, &n) || n > INT64_MAX)
		return false;
	rule->argument = (int64_t)n;
	return true;
}

static bool set_thread(struct crash__rule *rule, struct value value)
{
	int64_t n = 0;

	rule->has_thread = set_number(&n, UINT32_MAX, value) && n > 0;
	rule->thread = (uint32_t)n;
	return rule->has_thread;
}

static bool set_child(struct crash__rule *rule, struct value value)
{
	int64_t n = 0;

	rule->has_child = set_number(&n, UINT32_MAX, value);
	rule->child = (uint32_t)n;
	return rule->has_child;
}

static bool set_function(struct crash__rule *rule, struct value value)
{
	if (value.length == 0 || value.length >= sizeof rule->function || value.text[value.length - 1] == ':')
		return false;
	memcpy(rule->function, value.text, value.length);
	rule->function[value.length] = '\0';
	return true;
}

/* In hexadecimal digits, as results have it. */
static bool set_site(struct crash__rule *rule, struct value value)
{
	static const char digits[] = "0123456789abcdef";

	rule->site = 0;
	if (value.length == 0 || value.length > 16)
		return false;
	for (size_t i = 0; i < value.length; i++) {
		const char *digit = value.text[i] ? strchr(digits, value.text[i]) : NULL;

		if (!digit)
			return false;
		rule->site = rule->site << 4 | (uint64_t)(digit - digits);
	}
	return rule->site != 0;
}

/* What a modifier says; two of one group contradict each other. */
enum group { MOMENT, ACTION, SCOPE, THREAD, CHILD, FUNCTION, SEED, SITE, GROUPS };

static const struct modifier {
	const char *name;
	enum group group;
	uint8_t code;					 /* enum crash__moment or enum crash__action */
	bool (*set)(struct crash__rule *, struct value); /* NULL: takes no value */
	const char *expects;
} modifiers[] = {
	{"before", MOMENT, CRASH__BEFORE, NULL, NULL},
	{"after", MOMENT, CRASH__AFTER, NULL, NULL},
	{"torn", MOMENT, CRASH__TORN_BYTES, set_torn, "bytes or a percentage: torn=512, torn=50%"},
	{"kill", ACTION, CRASH__KILL, NULL, NULL},
	{"abort", ACTION, CRASH__ABORT, NULL, NULL},
	{"exit", ACTION, CRASH__EXIT, set_exit, "an exit status from 0 to 255: exit=3"},
	{"sig", ACTION, CRASH__SIGNAL, set_signal, "a signal: sig=TERM"},
	{"stop", ACTION, CRASH__STOP, NULL, NULL},
	{"delay", ACTION, CRASH__DELAY, set_delay, "a time: delay=250ms"},
	{"log", ACTION, CRASH__LOG, NULL, NULL},
	{"err", ACTION, CRASH__ERROR, set_errno, "an error name: err=EIO"},
	{"short", ACTION, CRASH__SHORT, set_short, "a number of bytes: short=100"},
	{"flip", ACTION, CRASH__FLIP, set_short, "which byte, from 0: flip=7"},
	{"skip", ACTION, CRASH__ERROR, NULL, NULL}, /* with no error */
	{"self", SCOPE, 0, NULL, NULL},
	{"thread", THREAD, 0, set_thread, "the number of a thread, from 1: thread=2"},
	{"child", CHILD, 0, set_child, "the number of a child process, 0 for the program: child=1"},
	{"in", FUNCTION, 0, set_function, "the name of a function: in=wal_append"},
	{"seed", SEED, 0, set_seed, "a number: seed=7"},
	{"site", SITE, 0, set_site, "what results call it: site=1f0a93bc22d4e871"},
};

#define MODIFIERS (sizeof modifiers / sizeof *modifiers)

static const struct modifier *find_modifier(struct cursor *cursor, const char *word, size_t length)
{
	struct crash__suggestion near = {.word = word, .length = length};
	char hint[64] = "";

	for (size_t i = 0; i < MODIFIERS; i++) {
		if (strlen(modifiers[i].name) == length && !memcmp(modifiers[i].name, word, length))
			return &modifiers[i];
		crash__suggest(&near, modifiers[i].name);
	}
	if (near.best)
		snprintf(hint, sizeof hint, "did you mean %s?", near.best);
	fail_word(cursor, word, length, "there is no modifier \"%.*s\"", hint);
	return NULL;
}

/* What to write instead of a value; a name that was probably meant. */
static bool fail_value(struct cursor *cursor, const struct modifier *modifier, const char *word,
		       size_t length, struct value value)
{
	struct crash__suggestion near = {.word = value.text, .length = value.length};
	char hint[64];

	for (int i = 1; i < 256 && modifier->set == set_errno; i++)
		if (crash__error_name(i))
			crash__suggest(&near, crash__error_name(i));
	for (int i = 1; i < 65 && modifier->set == set_signal; i++)
		if (crash__signal_name(i))
			crash__suggest(&near, crash__signal_name(i));
	if (near.best)
		snprintf(hint, sizeof hint, "did you mean %s=%s?", modifier->name, near.best);
	return fail_word(cursor, word, length, "\"%.*s\" needs another value",
			 near.best ? hint : modifier->expects);
}

static bool parse_modifier(struct cursor *cursor, struct crash__rule *rule, unsigned int *seen)
{
	const char *word = cursor->at, *where;
	size_t length = strcspn(word, "=:,");
	char buffer[CRASH__FUNCTION];
	struct value value = {.text = buffer};
	const struct modifier *modifier = find_modifier(cursor, word, length);

	if (modifier == NULL)
		return false;
	if (*seen & 1U << modifier->group)
		return fail_word(cursor, word, length, "\"%.*s\" contradicts a modifier before it", NULL);
	*seen |= 1U << modifier->group;
	cursor->at = where = word + length;
	if (*cursor->at == '=') {
		cursor->at = ++where;
		if (!take_value(cursor, buffer, sizeof buffer, &value.length))
			return fail(cursor, where, "this value is too long", NULL);
	}
	if (modifier->set == NULL && where > word + length)
		return fail_word(cursor, word, length, "\"%.*s\" takes no value", NULL);
	if (modifier->group == MOMENT)
		rule->moment = modifier->code;
	else if (modifier->group == ACTION)
		rule->action = modifier->code;
	else if (modifier->group == SCOPE)
		rule->self = true;
	if (modifier->set && !modifier->set(rule, value))
		return fail_value(cursor, modifier, word, length, value);
	return true;
}

/* Whether every op that the rule speaks of is a write. */
static bool only_writes(const struct crash__rule *rule)
{
	if (rule->kind == CRASH__KIND_FAMILY)
		return rule->which == CRASH__FAMILY_WRITE || rule->which == CRASH__FAMILY_IO;
	return rule->kind == CRASH__KIND_CALL &&
	       crash__calls[crash__calls[rule->which].kernel].family == CRASH__FAMILY_WRITE;
}

/* The family of a rule's ops. */
static unsigned int family_of(const struct crash__rule *rule)
{
	return rule->kind == CRASH__KIND_CALL	? crash__calls[crash__calls[rule->which].kernel].family :
	       rule->kind == CRASH__KIND_FAMILY ? rule->which :
						  CRASH__FAMILY_IO;
}

/* What changes nothing leaves no state to look at. */
static bool check_input(struct cursor *cursor, const struct crash__rule *rule, const char *where)
{
	bool reads = family_of(rule) == CRASH__FAMILY_READ,
	     input = reads || family_of(rule) == CRASH__FAMILY_CLOSE;
	bool fits = rule->action == CRASH__ERROR || rule->action == CRASH__DELAY ||
		    (reads && (rule->action == CRASH__SHORT || rule->action == CRASH__FLIP));

	if (rule->action == CRASH__FLIP && !reads)
		return fail(cursor, where, "only what is read can have a flipped byte",
			    "as in read#3:flip=7");
	if (input && (!fits || rule->moment != CRASH__BEFORE))
		return fail(cursor, where,
			    reads ? "a read can only be delayed, fail, be short or be wrong" :
				    "a close can only be delayed or fail",
			    reads ? "delay=, err=, short= or flip=" : "delay= or err=");
	return true;
}

/* Memory is no file, is there as a whole or not at all, and there is one reason why not. */
static bool check_allocation(struct cursor *cursor, const struct crash__rule *rule, const char *where)
{
	bool allocates = family_of(rule) == CRASH__FAMILY_ALLOC;

	if (rule->site && !allocates)
		return fail(cursor, where, "only an allocation has a site", "use in=");
	if (allocates && rule->glob[0])
		return fail(cursor, where, "an allocation has no file, so @ cannot be used",
			    "in=FUNCTION says from where");
	if (allocates && rule->action == CRASH__ERROR && rule->argument && rule->argument != ENOMEM)
		return fail(cursor, where, "an allocation fails with ENOMEM alone", "use err=ENOMEM");
	return true;
}

/* Refuses what parses but cannot mean anything. */
static bool check_rule(struct cursor *cursor, const struct crash__rule *rule, const char *where)
{
	bool torn = rule->moment == CRASH__TORN_BYTES || rule->moment == CRASH__TORN_PERCENT;
	bool changes_call = rule->action == CRASH__ERROR || rule->action == CRASH__SHORT;

	if (rule->kind == CRASH__KIND_EXPLICIT && rule->glob[0])
		return fail(cursor, where, "an explicit point has no file, so @ cannot be used", NULL);
	if (rule->kind == CRASH__KIND_EXPLICIT && (torn || changes_call))
		return fail(cursor, where,
			    "an explicit point is not a call: torn, err, short and skip cannot be used",
			    NULL);
	if (torn && !only_writes(rule))
		return fail(cursor, where, "only a write can be torn", "use before or after");
	if (!check_input(cursor, rule, where) || !check_allocation(cursor, rule, where))
		return false;
	if (rule->action == CRASH__SHORT && !only_writes(rule) && family_of(rule) != CRASH__FAMILY_READ)
		return fail(cursor, where, "only a write or a read can be short", "use err=");
	if (rule->has_seed && !rule->chance)
		return fail(cursor, where, "a seed decides only where there is a chance",
			    "as in write#p1%:seed=7");
	if (rule->action == CRASH__ERROR && !rule->argument && family_of(rule) != CRASH__FAMILY_FSYNC)
		return fail(cursor, where, "only a sync can be skipped", "use err=");
	if (changes_call && rule->moment != CRASH__BEFORE)
		return fail(cursor, where,
			    "err, short and skip replace the call: before, after and torn cannot be used",
			    NULL);
	if (torn && !crash__action_is_death(rule->action))
		return fail(cursor, where, "torn goes with kill, abort or exit", "use short= to go on");
	return true;
}

static bool parse_rule(struct cursor *cursor, struct crash__plan *plan, uint64_t after)
{
	struct crash__rule rule = {.first = 1, .last = 1, .step = 1};
	const char *where = cursor->at;
	unsigned int seen = 0;

	rule.column = (uint32_t)(where - cursor->start) + 1;
	if (!parse_point(cursor, &rule))
		return false;
	if (*cursor->at == '@') {
		cursor->at++;
		if (!take_pattern(cursor, "#:,", rule.glob, sizeof rule.glob))
			return fail(cursor, cursor->at, "this file pattern is too long", NULL);
		if (!rule.glob[0])
			return fail(cursor, cursor->at, "a file pattern is missing here",
				    "for example write@*.db");
	}
	if (*cursor->at == '#') {
		cursor->at++;
		if (!parse_when(cursor, &rule))
			return false;
	}
	while (*cursor->at == ':') {
		cursor->at++;
		if (!parse_modifier(cursor, &rule, &seen))
			return false;
	}
	if (*cursor->at && *cursor->at != ',')
		return fail(cursor, cursor->at, "this character cannot stand here",
			    "a rule is POINT[@GLOB][#WHEN][:MODIFIER]");
	if (!check_rule(cursor, &rule, where))
		return false;
	rule.length = (uint32_t)(cursor->at - where);
	if (__builtin_add_overflow(rule.first, after, &rule.first))
		return fail(cursor, where, "with CRASH_AFTER this count does not fit into 64 bits", NULL);
	if (__builtin_add_overflow(rule.last, after, &rule.last))
		rule.last = UINT64_MAX;
	if (!crash__plan_add(plan, &rule))
		return fail(cursor, where, "there are more than 64 rules", NULL);
	return true;
}

bool crash__spec_parse(struct crash__plan *plan, const char *spec, uint64_t after,
		       struct crash__spec_error *error)
{
	struct cursor cursor = {.start = spec, .at = spec, .error = error};

	for (;;) {
		if (!parse_rule(&cursor, plan, after))
			return false;
		if (*cursor.at == '\0')
			return true;
		cursor.at++; /* the comma */
	}
}
