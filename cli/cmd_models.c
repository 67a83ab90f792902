/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "cli/options.h"
#include "explore/atoms/durability_rules.h"
#include "explore/atoms/order_rules.h"
#include "explore/atoms/persistence_model.h"

#define COLUMNS 110

static const struct option table[] = {CRASH__COMMON_OPTIONS, {NULL, 0, NULL, 0}};

static void read_model(const char *name, struct crash__model *model)
{
	if (crash__model_read(name, model) < 0)
		crash__die("%s", crash_error_detail());
}

/* ------------------------------------------------------------------ rows of the tables, in words */

struct row {
	const char *name, *sentence, *source;
	char what[512];
	char when[256];
};

static void say_conditions(struct row *row, const struct crash__condition *conditions, size_t count)
{
	size_t length = 0;

	row->when[0] = '\0';
	for (size_t i = 0; i < count && conditions[i].offset; i++) {
		char text[128];

		crash__condition_text(&conditions[i], text, sizeof text);
		length += (size_t)snprintf(row->when + length, sizeof row->when - length, "%s%s",
					   i ? ", " : "", text);
	}
}

static struct row say_order(const struct crash__order_rule *rule)
{
	struct row row = {.name = rule->name, .sentence = rule->sentence, .source = rule->source};
	char first[160], second[160];

	crash__classes_text(rule->predecessors, first, sizeof first);
	crash__classes_text(rule->successors, second, sizeof second);
	snprintf(row.what, sizeof row.what, "%s before %s (%s)", first, second,
		 crash__order_scope_text(rule->scope));
	say_conditions(&row, rule->when, CRASH__CONDITIONS);
	return row;
}

static struct row say_durability(const struct crash__durability_rule *rule)
{
	struct row row = {.name = rule->name, .sentence = rule->sentence, .source = rule->source};
	char occasions[160], classes[160];

	crash__occasions_text(rule->occasions, occasions, sizeof occasions);
	crash__classes_text(rule->classes, classes, sizeof classes);
	snprintf(row.what, sizeof row.what, "%s: %s %s (%s)", occasions, classes,
		 crash__durability_effect_text(rule->effect), crash__durability_scope_text(rule->scope));
	say_conditions(&row, rule->when, sizeof rule->when / sizeof *rule->when);
	return row;
}

/* Where only the process dies everything is durable at once: the other rows have nothing to say. */
static bool orders(const struct crash__model *model, size_t i)
{
	return !model->process_only && crash__order_rule_holds(&crash__order_rules[i], model);
}

static bool makes_durable(const struct crash__model *model, size_t i)
{
	const struct crash__durability_rule *rule = &crash__durability_rules[i];

	return crash__durability_rule_holds(rule, model) &&
	       (!model->process_only || (rule->occasions & CRASH__ON(ANY_OP)));
}

/* ------------------------------------------------------------------ as JSON */

static json_t *row_as_json(const struct row *row)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "rule", row->name, "when", row->when, "what", row->what,
			 "sentence", row->sentence, "source", row->source);
}

static void add_rows(json_t *object, const struct crash__model *model)
{
	json_t *order = json_array(), *durability = json_array();

	for (size_t i = 0; i < crash__order_rule_count; i++)
		if (orders(model, i)) {
			struct row row = say_order(&crash__order_rules[i]);

			json_array_append_new(order, row_as_json(&row));
		}
	for (size_t i = 0; i < crash__durability_rule_count; i++)
		if (makes_durable(model, i)) {
			struct row row = say_durability(&crash__durability_rules[i]);

			json_array_append_new(durability, row_as_json(&row));
		}
	json_object_set_new(object, "persists-before", order);
	json_object_set_new(object, "durability", durability);
}

static void print_json(const struct crash__options *options, const struct crash__model *model)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "model", model->name, "about", model->about,
				   "checked-on", model->checked_on);
	char value[64];

	for (size_t i = 0; i < crash__parameter_count; i++) {
		crash__parameter_text(model, &crash__parameters[i], value, sizeof value);
		json_object_set_new(object, crash__parameters[i].name, json_string(value));
	}
	if (options->verbose)
		add_rows(object, model);
	crash__json_print(options->json_out, object);
}

/* ------------------------------------------------------------------ as text */

/* Prints a text in lines that are indented, and do not end inside a word. */
static void print_wrapped(const char *text)
{
	const size_t most = COLUMNS - 6;

	while (*text) {
		size_t length = strlen(text), end = length;

		for (end = length < most ? length : most; end < length && end && text[end] != ' ';)
			end--;
		if (!end)
			end = strcspn(text, " ");
		printf("      %.*s\n", (int)end, text);
		text += end;
		text += strspn(text, " ");
	}
}

static void print_row(const struct row *row)
{
	char source[512];

	printf("  %s%s%s%s\n", row->name, row->when[0] ? " (" : "", row->when, row->when[0] ? ")" : "");
	print_wrapped(row->sentence);
	print_wrapped(row->what);
	snprintf(source, sizeof source, "Source: %s", row->source);
	print_wrapped(source);
}

static void print_rows(const struct crash__model *model)
{
	if (!model->process_only)
		printf("\nWhat persists before what:\n");
	for (size_t i = 0; i < crash__order_rule_count; i++)
		if (orders(model, i)) {
			struct row row = say_order(&crash__order_rules[i]);

			print_row(&row);
		}
	printf("\nWhat becomes durable:\n");
	for (size_t i = 0; i < crash__durability_rule_count; i++)
		if (makes_durable(model, i)) {
			struct row row = say_durability(&crash__durability_rules[i]);

			print_row(&row);
		}
}

static void explain(const struct crash__options *options, const struct crash__model *model)
{
	char value[64];

	printf("%s: %s\n", model->name, model->about);
	for (size_t i = 0; i < crash__parameter_count && !model->process_only; i++) {
		if (i == 0)
			continue; /* process-only: no */
		crash__parameter_text(model, &crash__parameters[i], value, sizeof value);
		printf("  %-24s %-14s %s\n", crash__parameters[i].name, value, crash__parameters[i].about);
	}
	if (!options->verbose)
		return;
	printf("\nChecked by power losses:\n");
	print_wrapped(model->checked_on[0] ? model->checked_on : "on no kernel");
	print_rows(model);
}

static int run(int argc, char **argv)
{
	struct crash__options options;
	struct crash__model model;
	char **names = NULL;

	crash__options_parse(&options, &crash__cmd_models, argc, argv, NULL, NULL);
	if (!options.program[0])
		names = crash__model_names();
	for (char **name = names ? names : options.program; name && *name; name++) {
		read_model(*name, &model);
		if (options.json)
			print_json(&options, &model);
		else if (names)
			printf("%-16s %s\n", model.name, model.about);
		else
			explain(&options, &model);
	}
	crash__model_names_free(names);
	return 0;
}

const struct crash__command crash__cmd_models = {
	.name = "models",
	.run = run,
	.options = table,
	.arguments = "[NAME|FILE]...",
	.summary = "List the persistence models, or explain some",
	.help = "A persistence model says what a file system may keep, lose, tear and reorder when the\n"
		"power fails. crashinject-models(5) describes the files. With -v a model is explained by\n"
		"the rules that it stands for, each with its source.\n\n"
		"Examples:\n"
		"  crashinject models\n"
		"  crashinject models -v ext4\n"
		"  crashinject models ext4 ./my-disk.ini\n",
};
