/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/json_value.h"
#include "cli/open_state.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "common/spec.h"
#include "explore/recording/network.h"
#include "report/report.h"
#include "report/result.h"
#include "report/witness_result.h"
#ifdef HAVE_FUSE
#include "witness/witness.h"
#endif

#define DEFAULT_CUTS 1000
#define DEFAULT_CHECK_TIMEOUT_MS 60000

struct witness_options {
	const char *fs, *budget, *image, *options;
	uint64_t cuts, ns, seed;
};

enum {
	OPTION_FS = CRASH__OPTION_OWN,
	OPTION_BUDGET,
	OPTION_IMAGE,
	OPTION_OPTIONS,
	OPTION_SEED,
};

static const struct option table[] = {
	{"fs", required_argument, NULL, OPTION_FS},
	{"budget", required_argument, NULL, OPTION_BUDGET},
	{"keep-image", required_argument, NULL, OPTION_IMAGE},
	{"options", required_argument, NULL, OPTION_OPTIONS},
	{"seed", required_argument, NULL, OPTION_SEED},
	CRASH__COMMON_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool take_option(void *context, int option, const char *value)
{
	struct witness_options *own = context;
	const struct crash__option_text texts[] = {{OPTION_FS, &own->fs},
						   {OPTION_BUDGET, &own->budget},
						   {OPTION_IMAGE, &own->image},
						   {OPTION_OPTIONS, &own->options}};

	if (crash__options_take_text(texts, sizeof texts / sizeof *texts, option, value))
		return true;
	if (option == OPTION_SEED)
		own->seed = crash__options_number("--seed", value, 0, INT64_MAX);
	return option == OPTION_SEED;
}

#ifdef HAVE_FUSE

/* A number of power cuts, or a time. */
static void read_budget(struct witness_options *own)
{
	const char *text = own->budget;
	uint64_t us;

	own->cuts = DEFAULT_CUTS;
	if (!text)
		return;
	if (text[strspn(text, "0123456789")] == '\0') {
		own->cuts = crash__options_number("--budget", text, 1, UINT64_MAX);
	} else if (crash__parse_time(text, strlen(text), &us) && us) {
		own->ns = us * 1000;
		own->cuts = UINT64_MAX;
	} else {
		crash__die_value("--budget", text, "write a number of power cuts, or a time: 500, 30s, 5m");
	}
}

/* ------------------------------------------------------------------ the result */

static json_t *find_finding(json_t *result, const char *place, const char *id)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(result, "findings"), i, finding)
		if (strcmp(crash__report_text(finding, "id"), id) == 0)
			return finding;
	crash__die("%s has no finding %s; crashinject report %s lists them", place, id, place);
}

/* As it was explored with. */
static struct crash__recovery_server server_of(const json_t *settings)
{
	const json_t *server = json_object_get(settings, "server");
	json_int_t ready = json_integer_value(json_object_get(server, "ready_timeout_ms")),
		   linger = json_integer_value(json_object_get(server, "linger_ms")),
		   stop = json_integer_value(json_object_get(server, "stop"));

	return (struct crash__recovery_server){
		.ready = json_is_string(json_object_get(settings, "recover")) ?
				 json_string_value(json_object_get(server, "ready")) :
				 NULL,
		.ready_timeout_ms = ready > 0 ? (uint64_t)ready : CRASH__DEFAULT_READY_MS,
		.linger_ms = linger > 0 ? (uint64_t)linger : CRASH__DEFAULT_LINGER_MS,
		.stop = stop > 0 ? (int)stop : SIGTERM,
	};
}

static struct crash__checker checker_of(const json_t *settings)
{
	const json_t *checker = json_object_get(json_object_get(settings, "identity"), "checker"),
		     *program = json_object_get(settings, "program");
	json_int_t timeout = json_integer_value(json_object_get(checker, "timeout_ms"));
	char **words = calloc(json_array_size(program) + 1, sizeof *words);

	if (!words)
		crash__die("no memory for the checker");
	for (size_t i = 0; i < json_array_size(program); i++)
		words[i] = (char *)(uintptr_t)json_string_value(json_array_get(program, i));
	return (struct crash__checker){
		.check = json_string_value(json_object_get(settings, "check")),
		.check_server = json_string_value(json_object_get(settings, "check_server")),
		.recover = json_string_value(json_object_get(settings, "recover")),
		.server = server_of(settings),
		.own_network =
			strcmp(crash__report_text(settings, "net"), "host") != 0 && crash__network_possible(),
		.program = words,
		.cwd = json_string_value(json_object_get(settings, "cwd")),
		.timeout_ms = timeout > 0 ? (uint64_t)timeout : DEFAULT_CHECK_TIMEOUT_MS,
		.environment = environ,
	};
}

static json_t *to_json(const struct witness_options *own, const struct crash__witness *witness)
{
	struct utsname name;

	uname(&name);
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "fs",
			 own->fs, "options", own->options ? own->options : "", "kernel", name.release, "seen",
			 (int)witness->seen, "alike", (int)witness->alike, "same", (int)witness->same, "cut",
			 (json_int_t)witness->cut, "cuts", (json_int_t)witness->cuts, "budget",
			 (json_int_t)(own->ns ? 0 : own->cuts), "runs", (json_int_t)witness->runs, "flaky",
			 (json_int_t)witness->flaky, "unmounted", (json_int_t)witness->unmounted, "kind",
			 crash__verdict_name(witness->kind), "output",
			 crash__json_string(witness->seen ? witness->output : NULL));
}

/* ------------------------------------------------------------------ looking for it */

static void show(void *context, const struct crash__witness *witness)
{
	const struct witness_options *own = context;

	crash__progress_cuts(witness->cuts, own->ns ? 0 : own->cuts, own->ns, witness->runs);
}

static void find(const struct witness_options *own, const char *place, const json_t *settings,
		 const json_t *finding, struct crash__witness *witness)
{
	const char *state = crash__report_text(finding, "state");
	struct crash__checker checker = checker_of(settings);
	struct crash__replay replay;
	struct crash__witness_options options = {
		.replay = &replay,
		.state = state,
		.kind = crash__verdict_of_name(crash__report_text(finding, "kind")),
		.output = json_string_value(json_object_get(finding, "output")),
		.file_system = crash__real_kind_find(own->fs),
		.mount_options = own->options,
		.directory = json_string_value(json_object_get(settings, "directory")),
		.checker = &checker,
		.cuts = own->cuts,
		.ns = own->ns,
		.image = own->image,
		.seed = own->seed,
		.progress = show,
		.context = (void *)(uintptr_t)own,
	};
	int error = crash__open_state(&replay, place, settings, NULL, state);

	if (error == 0)
		error = crash__witness_find(&options, witness);
	crash__progress_clear();
	crash__replay_close(&replay);
	free((void *)(uintptr_t)checker.program);
	if (error < 0)
		crash__die("witness: %s", crash_error_detail());
}

static void check_arguments(const struct witness_options *own, char **words)
{
	if (!words[0] || !words[1] || words[2])
		crash__die("witness: give a result and the id of a finding: %s witness RESULT FINDING --fs "
			   "ext4",
			   CRASH__PROGRAM_NAME);
	if (!own->fs)
		crash__die("witness: on which file system? --fs ext4, xfs or btrfs");
	if (!crash__real_kind_find(own->fs))
		crash__die_value("--fs", own->fs, "ext4, xfs and btrfs are known");
}

static void print_text(const struct crash__options *options, const json_t *witness)
{
	json_t *bytes = json_deep_copy(witness);

	crash__json_to_bytes(bytes);
	crash__witness_text(stdout, bytes);
	putchar('\n');
	if (!options->quiet && *crash__report_text(bytes, "output"))
		printf("the checker said:\n%s\n", crash__report_text(bytes, "output"));
	json_decref(bytes);
}

static void print(const struct crash__options *options, json_t *witness)
{
	if (!options->json || options->json_out != stdout)
		print_text(options, witness);
	if (options->json)
		crash__json_print(options->json_out, witness);
	else
		json_decref(witness);
}

/* What is kept is the result as it was, with the witness in its finding. */
static int run(int argc, char **argv)
{
	struct witness_options own = {0};
	struct crash__options options;
	struct crash__witness found = {0};
	json_t *settings, *result, *finding, *bytes, *witness;
	const char *place;

	crash__options_parse(&options, &crash__cmd_witness, argc, argv, take_option, &own);
	check_arguments(&own, options.program);
	read_budget(&own);
	place = options.program[0];
	settings = crash__read_settings(place);
	if (!settings)
		crash__die("%s is not a directory that explore --output made", place);
	if (crash__result_read(place, "result.json", &result) < 0)
		crash__die("%s is not a finished result: %s", place, crash_error_detail());
	finding = find_finding(result, place, options.program[1]);
	if (!json_is_string(json_object_get(finding, "state")))
		crash__die("witness: finding %s is of real kills, and has no state", options.program[1]);
	bytes = json_deep_copy(finding);
	crash__json_to_bytes(bytes);
	crash__progress_begin(!options.quiet, "cutting the power");
	find(&own, place, settings, bytes, &found);
	witness = to_json(&own, &found);
	crash__witness_add(finding, witness);
	if (crash__result_write(result, place, "result.json") < 0)
		crash__die("%s", crash_error_detail());
	json_object_set_new(witness, "finding", json_string(options.program[1]));
	print(&options, witness);
	json_decref(bytes);
	json_decref(result);
	json_decref(settings);
	return found.seen ? CRASH__EXIT_GOOD : CRASH__EXIT_FOUND;
}

#else

static int run(int argc, char **argv)
{
	struct witness_options own = {0};
	struct crash__options options;

	crash__options_parse(&options, &crash__cmd_witness, argc, argv, take_option, &own);
	crash__die("witness: this %s was built without FUSE", CRASH__PROGRAM_NAME);
}

#endif

const struct crash__command crash__cmd_witness = {
	.name = "witness",
	.run = run,
	.options = table,
	.arguments = "RESULT FINDING --fs KIND [OPTION]...",
	.no_program = true,
	.summary = "Show a finding on a real file system that loses power",
	.help = "  --fs KIND             ext4, xfs or btrfs, of the kernel that runs\n"
		"  --options OPTIONS     mount options: data=journal\n"
		"  --budget N|TIME       cut the power N times (default 1000), or for TIME\n"
		"  --keep-image FILE     keep the disk on which it was seen, as it was before recovery\n"
		"  --seed N              other random choices\n\n"
		"It needs root, FUSE, a loop device and mkfs of that kind. The result is noted in RESULT.\n"
		"Exit status: 0 seen, 1 not seen, which refutes nothing, 125 it cannot be looked for.\n\n"
		"Example:\n"
		"  crashinject witness result/ 4dc40359 --fs ext4 --budget 5m\n",
};
