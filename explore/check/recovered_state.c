/* SPDX-License-Identifier: MIT */
#include "explore/check/recovered_state.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/clock.h"
#include "explore/check/worker_channel.h"

/* After so many looks it is known what they cost. */
#define LEAST_LOOKS 16

/* Whether a look takes longer than the check that it may save. */
static bool is_dear(const struct crash__recovered_state *recovered)
{
	return recovered->looks >= LEAST_LOOKS && recovered->checks &&
	       recovered->looked_ns / recovered->looks > recovered->checked_ns / recovered->checks;
}

static int open_top(int at, const char *path)
{
	return crash__owner_open(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* False: it cannot be said. */
static bool hash_tree(struct crash__recovered_state *recovered, struct crash__hash *hash)
{
	bool overlay = recovered->space >= 0;
	struct crash__recovered_places places = {
		.tree = open_top(AT_FDCWD, recovered->where),
		.upper = overlay ? open_top(recovered->space, "upper") : -1,
		.layer = overlay ? open_top(recovered->space, recovered->layer) : -1,
	};
	bool good = places.tree >= 0 && (!overlay || (places.upper >= 0 && places.layer >= 0));

	good = good && crash__recovered_tree_hash(&recovered->tree, &places, hash);
	if (places.tree >= 0)
		close(places.tree);
	if (places.upper >= 0)
		close(places.upper);
	if (places.layer >= 0)
		close(places.layer);
	return good;
}

static bool look(struct crash__recovered_state *recovered, struct crash__hash *hash)
{
	uint64_t began = crash__now_ns();
	bool good;
	ino_t inode;

	for (int i = 0; i < 2; i++)
		while (recovered->layers[i] && crash__layer_next_changed(recovered->layers[i], &inode))
			crash__recovered_tree_forget(&recovered->tree, inode);
	good = hash_tree(recovered, hash);
	recovered->looks++;
	recovered->looked_ns += crash__now_ns() - began;
	return good;
}

/* False: it is not known, or nobody is there any more who could know. */
static bool ask(struct crash__recovered_state *recovered, const struct crash__hash *hash,
		struct crash__verdict *verdict)
{
	struct crash__check_result question = {
		.number = recovered->number, .flags = CRASH__RESULT_ASKS, .recovered = *hash};
	struct crash__recovered_answer answer;

	if (!crash__send_all(recovered->channel, &question, sizeof question) ||
	    !crash__receive_all(recovered->channel, &answer, sizeof answer) || !answer.known)
		return false;
	verdict->kind = answer.kind;
	verdict->exit_code = answer.exit_code;
	verdict->signal = answer.signal;
	return true;
}

void crash__recovered_state_next(struct crash__recovered_state *recovered, uint64_t number)
{
	recovered->number = number;
	recovered->rounds = 0;
	recovered->known = recovered->equal = recovered->asked = false;
	recovered->checked_from = 0;
}

bool crash__recovered_state_ask(void *context, struct crash__verdict *verdict)
{
	struct crash__recovered_state *recovered = context;
	bool first = recovered->rounds == 0, was_known = recovered->known, good;
	struct crash__hash hash;

	recovered->known = false;
	recovered->asked = true;
	good = !is_dear(recovered) && crash__acked_files_are_untouched(recovered->acked) &&
	       crash__mounts_are_same(recovered->mounts) && look(recovered, &hash);
	if (good && ask(recovered, &hash, verdict))
		recovered->equal = first || recovered->equal;
	else
		recovered->checked_from = crash__now_ns();
	/* what recovery makes of a state is not always the same: then neither tree stands for it */
	recovered->known = good && (first || (was_known && hash.low == recovered->hash.low &&
					      hash.high == recovered->hash.high));
	if (good)
		recovered->hash = hash;
	return recovered->checked_from == 0;
}

void crash__recovered_state_end_round(struct crash__recovered_state *recovered)
{
	recovered->rounds++;
	if (recovered->checked_from) {
		recovered->checks++;
		recovered->checked_ns += crash__now_ns() - recovered->checked_from;
	}
	/* nor is what recovery has failed on once equal to anything */
	recovered->known &= recovered->asked;
	recovered->equal &= recovered->asked && recovered->checked_from == 0;
	recovered->asked = false;
	recovered->checked_from = 0;
}
