/* SPDX-License-Identifier: MIT */
/*
 * identity.h - what an exploration is of: all that its verdicts and numbers depend on.
 *
 * Two results whose identities are the same can be merged, and a verdict of one holds in the other. The
 * identity is one JSON object, in `settings` under the key "identity":
 *
 *	{"format": 1, "version": "...", "recording": {"digest": "..."},
 *	 "checker": {"check": ..., "recover": ..., "ready": ..., "network": ...,
 *	  "program": [...], "timeout_ms": ..., "files": [{path, digest}]},
 *	 "models": [{"name": ..., "parameters": {...}}], "tiers": [...], "seed": ..., "samples": ...}
 */
#ifndef CRASH_IDENTITY_H
#define CRASH_IDENTITY_H

#include <jansson.h>

#include "base/digest.h"
#include "explore/findings/exploration.h"

/** Of which parts two identities are compared. */
enum crash__identity_scope {
	CRASH__IDENTITY_OF_VERDICTS, /* version, recording, checker */
	CRASH__IDENTITY_OF_RESULT,   /* all */
};

/** Makes it. The recording is prepared. */
int crash__identity_make(const struct crash__explore_options *options,
			 const struct crash__recording *recording, json_t **identity);

/** How one differs from another in words: "its ... and not ...", allocated; NULL: it does not. */
char *crash__identity_difference(const json_t *identity, const json_t *other,
				 enum crash__identity_scope scope);

/** What lines of verdicts are sealed with: the parts that these depend on. */
void crash__identity_key(const json_t *identity, char key[CRASH__DIGEST_TEXT]);

/** The digest of any JSON value. */
void crash__json_digest(const json_t *value, char digest[CRASH__DIGEST_TEXT]);

/** The models that it has, as they were then; at most CRASH__MOST_MODELS. */
int crash__identity_models(const json_t *identity, struct crash__model *models, uint32_t *count);

/** The model of a name; false: there is none. */
bool crash__identity_model(const json_t *identity, const char *name, size_t length,
			   struct crash__model *model);

/** The tiers that it has, as a bit mask. */
uint32_t crash__identity_tiers(const json_t *identity);

#endif
