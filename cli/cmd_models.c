/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/json_value.h"
#include "cli/options.h"
#include "explore/states/persistence_model.h"

static const struct option table[] = {CRASH__COMMON_OPTIONS, {NULL, 0, NULL, 0}};

static void read_model(const char *name, struct crash__model *model)
{
	if (crash__model_read(name, model) < 0)
		crash__die("%s", crash_error_detail());
}

static void print_json(const struct crash__options *options, const struct crash__model *model)
{
	json_t *object = json_pack("{s:s, s:s}", "model", model->name, "about", model->about);
	char value[64];

	for (size_t i = 0; i < crash__parameter_count; i++) {
		crash__parameter_text(model, &crash__parameters[i], value, sizeof value);
		json_object_set_new(object, crash__parameters[i].name, json_string(value));
	}
	crash__json_print(options->json_out, object);
}

static void explain(const struct crash__model *model)
{
	char value[64];

	printf("%s: %s\n", model->name, model->about);
	for (size_t i = 0; i < crash__parameter_count && !model->process_only; i++) {
		if (i == 0)
			continue; /* process-only: no */
		crash__parameter_text(model, &crash__parameters[i], value, sizeof value);
		printf("  %-24s %-14s %s\n", crash__parameters[i].name, value, crash__parameters[i].about);
	}
}

static int run(int argc, char **argv)
{
	struct crash__options options;
	struct crash__model model;
	char **names = NULL;

	crash__options_parse(&options, &crash__cmd_models, argc, argv, table, NULL, NULL);
	if (!options.program[0])
		names = crash__model_names();
	for (char **name = names ? names : options.program; name && *name; name++) {
		read_model(*name, &model);
		if (options.json)
			print_json(&options, &model);
		else if (names)
			printf("%-16s %s\n", model.name, model.about);
		else
			explain(&model);
	}
	crash__model_names_free(names);
	return 0;
}

const struct crash__command crash__cmd_models = {
	.name = "models",
	.run = run,
	.arguments = "[NAME|FILE]...",
	.summary = "List the persistence models, or explain some",
	.help = "A persistence model says what a file system may keep, lose, tear and reorder when the\n"
		"power fails. crashinject-models(5) describes the files.\n\n"
		"Examples:\n"
		"  crashinject models\n"
		"  crashinject models ext4 ./my-disk.ini\n",
};
