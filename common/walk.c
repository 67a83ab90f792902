/* SPDX-License-Identifier: MIT */
/*
 * Method. realpath(3) walks and allocates; this walks the same way with readlink(2) alone and does not
 * open anything, because a descriptor of ours could change the number that another thread's open
 * returns. What was walked once is remembered by a hash of the directory's path: a directory that was
 * no symbolic link is none until names change.
 */
#include "common/walk.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/control.h"
#include "common/sys.h"

#define LINKS 40 /* as the kernel */
#define WALKED 64

/* Directories known to be free of symbolic links, by hash and epoch. */
static _Atomic uint64_t walked[WALKED];

/* A walk under way. */
struct state {
	const struct crash__walk *walk;
	size_t length; /* of what was walked: without links, without a trailing slash; 0 is the root */
	int links;
};

static uint64_t hash_path(const struct state *state)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (size_t i = 0; i < state->length; i++)
		hash = (hash ^ (unsigned char)state->walk->out[i]) * 1099511628211u;
	return hash ^ (uint64_t)state->walk->epoch << 40;
}

static bool was_walked(uint64_t hash)
{
	return atomic_load_explicit(&walked[hash % WALKED], memory_order_relaxed) == hash;
}

/* Reads what was walked as a link; returns its length, -EINVAL if it is not one, or another error. */
static long read_link(const struct state *state)
{
	const struct crash__walk *walk = state->walk;
	size_t prefix = strlen(walk->prefix);
	long length;

	if (prefix == 0) {
		length = crash__sys3(SYS_readlink, (long)walk->out, (long)walk->link, PATH_MAX - 1);
	} else {
		/* the name, then the link, in the same buffer */
		if (prefix + state->length >= PATH_MAX)
			return -ENAMETOOLONG;
		memcpy(walk->link, walk->prefix, prefix);
		memcpy(walk->link + prefix, walk->out, state->length + 1);
		length = crash__sys3(SYS_readlink, (long)walk->link, (long)walk->link, PATH_MAX - 1);
	}
	if (length < 0)
		return length;
	walk->link[length] = '\0';
	return length;
}

/* Puts a link's target in front of what is left to walk. */
static bool follow_link(struct state *state, long length, const char *left)
{
	char *rest = state->walk->rest;
	size_t more = strlen(left);

	if (++state->links > LINKS || (size_t)length + more + 2 > PATH_MAX)
		return false;
	memmove(rest + length + 1, left, more + 1);
	memcpy(rest, state->walk->link, (size_t)length);
	rest[length] = '/';
	if (state->walk->link[0] == '/')
		state->length = 0;
	return true;
}

/* Appends a component to what was walked. */
static bool append(struct state *state, const char *part, size_t size)
{
	char *out = state->walk->out;

	if (state->length + size + 2 > PATH_MAX)
		return false;
	out[state->length++] = '/';
	memcpy(out + state->length, part, size);
	state->length += size;
	out[state->length] = '\0';
	return true;
}

/*
 * Walks one component, behind which `left` is still to do. The last one is not looked at unless it
 * is to be followed; a trailing slash makes the kernel follow it in any case.
 */
static bool step(struct state *state, const char *part, size_t size, const char *left)
{
	size_t before = state->length;
	bool last = left[strspn(left, "/")] == '\0';
	uint64_t hash;
	long length;

	if (size == 1 && part[0] == '.')
		goto done;
	if (size == 2 && part[0] == '.' && part[1] == '.') {
		while (state->length && state->walk->out[--state->length] != '/')
			;
		goto done;
	}
	if (!append(state, part, size))
		return false;
	if (last && !state->walk->follow && *left == '\0')
		goto done;
	hash = hash_path(state);
	if (!last && !*state->walk->prefix && was_walked(hash))
		goto done;
	length = read_link(state);
	if (length >= 0) {
		state->length = before;
		return follow_link(state, length, left);
	}
	/* what is not there yet may be a link when it is */
	if (length == -EINVAL && !last && !*state->walk->prefix)
		atomic_store_explicit(&walked[hash % WALKED], hash, memory_order_relaxed);
done:
	memmove(state->walk->rest, left, strlen(left) + 1);
	return true;
}

bool crash__walk(const struct crash__walk *walk, const char *path)
{
	struct state state = {.walk = walk};

	if (path[0] == '\0' || strnlen(path, PATH_MAX) == PATH_MAX ||
	    (path[0] != '/' && walk->base[0] != '/')) {
		walk->out[0] = '\0';
		return false;
	}
	if (path[0] != '/') {
		state.length = strlen(walk->base);
		if (state.length == 1) /* the root itself */
			state.length = 0;
		memmove(walk->out, walk->base, state.length + 1);
	}
	memmove(walk->rest, path, strlen(path) + 1);
	for (;;) {
		const char *part = walk->rest + strspn(walk->rest, "/");
		size_t size = strcspn(part, "/");

		if (size == 0)
			break;
		if (!step(&state, part, size, part + size)) {
			walk->out[0] = '\0';
			return false;
		}
	}
	if (state.length == 0)
		walk->out[state.length++] = '/';
	walk->out[state.length] = '\0';
	return true;
}

bool crash__path_is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '\0' || path[length] == '/' || directory[length - 1] == '/');
}

bool crash__path_counts(const struct crash__control *control, const char *path)
{
	if (crash__path_is_below(path, "/proc") || crash__path_is_below(path, "/sys"))
		return false;
	if (crash__path_is_below(path, "/dev") && !crash__path_is_below(path, "/dev/shm"))
		return false;
	/* what a memfd is called */
	if (path[0] != '/' || strncmp(path, "/memfd:", 7) == 0)
		return false;
	if (control->directory[0] && crash__path_is_below(path, control->directory))
		return false;
	return control->root[0] == '\0' || crash__path_is_below(path, control->root);
}

void crash__path_strip_deleted(char *path)
{
	static const char remark[] = " (deleted)";
	size_t length = strlen(path);

	if (length > sizeof remark - 1 && strcmp(path + length - (sizeof remark - 1), remark) == 0)
		path[length - (sizeof remark - 1)] = '\0';
}
