/* SPDX-License-Identifier: MIT */
#include "cli/open_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_value.h"
#include "cli/explore_depth.h"
#include "cli/options.h"
#include "explore/recording/recording_digest.h"
#include "explore/states/state_name.h"
#include "report/identity.h"
#include "report/result.h"

json_t *crash__read_settings(const char *place)
{
	struct stat status;
	json_t *settings = NULL;

	if (stat(place, &status) < 0 || !S_ISDIR(status.st_mode))
		return NULL;
	if (crash__result_read(place, "settings.json", &settings) < 0)
		crash__die("%s is not a result of explore: %s", place, crash_error_detail());
	crash__json_to_bytes(settings);
	return settings;
}

/* The model that is asked for, or as it was when the result was made; false: the shipped one. */
static bool choose_model(const char *wanted, const json_t *settings, const char *state,
			 struct crash__model *model)
{
	if (wanted && crash__model_read(wanted, model) < 0)
		crash__die("--model: %s", crash_error_detail());
	return wanted || crash__identity_model(json_object_get(settings, "identity"), state,
					       crash__state_model(state), model);
}

/* The contents of a starting tree have no checksum: a result's trace is compared as a whole, or a state would
 * be shown that no checker saw. */
static void check_recording(const struct crash__replay *replay, const json_t *settings, const char *result)
{
	const json_t *recording = json_object_get(json_object_get(settings, "identity"), "recording");
	const char *wanted = json_string_value(json_object_get(recording, "digest"));
	char digest[CRASH__DIGEST_TEXT];

	if (!wanted || replay->live)
		return;
	if (crash__recording_digest(&replay->fs, true, NULL, digest) < 0)
		crash__die("%s", crash_error_detail());
	if (strcmp(digest, wanted) != 0)
		crash__die("%s/trace is not the recording that %s is of", result, result);
}

/* A state of recovery from another one: the recording of that recovery, with where it started from, is kept.
 */
static int open_nested(struct crash__replay *replay, const char *place, const json_t *settings,
		       const char *wanted, const char *state)
{
	const char *inner = strrchr(state, CRASH__NESTED) + 1;
	char name[NAME_MAX + 1], trace[PATH_MAX], *from;
	struct crash__model model;
	bool named = choose_model(wanted, settings, inner, &model);

	if (!settings)
		crash__die("%s is a state of recovery, whose recording is in the directory of a result: "
			   "explore with --output, and name that",
			   state);
	from = strndup(state, (size_t)(inner - state - 1));
	if (!from)
		crash__die("out of memory");
	crash__depth_trace_name(from, name);
	snprintf(trace, sizeof trace, "%.3000s/%s", place, name);
	if (access(trace, F_OK) < 0)
		crash__die("%s has no recording of recovery from %s: only those are kept in which "
			   "something was found",
			   place, from);
	free(from);
	return crash__replay_open(replay, trace, NULL, named ? &model : NULL, inner);
}

int crash__open_state(struct crash__replay *replay, const char *place, const json_t *settings,
		      const char *wanted, const char *state)
{
	struct crash__model model;
	char trace[PATH_MAX];
	bool named;
	int error;

	if (strchr(state, CRASH__NESTED))
		return open_nested(replay, place, settings, wanted, state);
	named = choose_model(wanted, settings, state, &model);
	snprintf(trace, sizeof trace, "%.4000s%s", place, settings ? "/trace" : "");
	error = crash__replay_open(replay, trace, json_string_value(json_object_get(settings, "directory")),
				   named ? &model : NULL, state);
	if (error == 0)
		check_recording(replay, settings, place);
	return error;
}
