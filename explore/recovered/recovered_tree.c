/* SPDX-License-Identifier: MIT */
#include "explore/recovered/recovered_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/as_owner.h"
#include "base/digest.h"
#include "base/hash_table.h"

/* Of the lists of an overlay's marks; what is longer is looked at in full. */
#define MOST_MARKS 4096

struct crash__known_file {
	ino_t inode;
	char *path;
	char content[CRASH__DIGEST_TEXT];
	UT_hash_handle hh;
};

/* A file with several names: all of them say which the first of them was. */
struct linked {
	ino_t inode;
	dev_t device;
	char *first;
};

/* One look at a whole tree. */
struct walk {
	struct crash__recovered_tree *tree;
	const struct crash__recovered_places *places;
	struct timespec now;
	struct crash__hash sum;
	CRASH__VECTOR(struct linked, links);
	size_t length;
	char path[PATH_MAX]; /* of what is looked at, below the top */
};

/* Where the directory that is looked at is a directory, too. */
struct within {
	bool base, upper, layer;
	bool whole; /* all names have to be looked at, not only those of the layers */
};

struct names {
	CRASH__VECTOR(char *, list);
};

/* ------------------------------------------------------------------ names */

static void clear_names(struct names *names)
{
	for (size_t i = 0; i < names->list_count; i++)
		free(names->list[i]);
	free(names->list);
}

static bool add_names(struct names *names, DIR *stream)
{
	struct dirent *entry;

	errno = 0;
	while ((entry = readdir(stream)) != NULL) {
		char *name;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		name = strdup(entry->d_name);
		if (!name || !CRASH__ADD(names, list, name)) {
			free(name);
			return false;
		}
		errno = 0;
	}
	return errno == 0;
}

static DIR *open_directory(int top, const char *path)
{
	int fd = crash__owner_open(top, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !stream)
		close(fd);
	return stream;
}

/* Whether a layer's directory does not simply lie above the one that it covers. */
static bool is_marked(int directory)
{
	char marks[MOST_MARKS];
	ssize_t count = flistxattr(directory, marks, sizeof marks);

	for (ssize_t at = 0; at < count; at += (ssize_t)strlen(marks + at) + 1)
		if (strstr(marks + at, ".overlay.opaque") || strstr(marks + at, ".overlay.redirect"))
			return true;
	return count < 0 && errno != ENOTSUP;
}

static bool add_layer(struct names *names, int top, const char *path, bool *whole)
{
	DIR *stream = open_directory(top, path);
	bool good = stream && add_names(names, stream);

	*whole |= stream && is_marked(dirfd(stream));
	if (stream)
		closedir(stream);
	return good;
}

static bool add_all(const struct walk *walk, struct names *names, bool of_base)
{
	DIR *stream = of_base ? crash__base_open_directory(walk->tree->base, walk->path) :
				open_directory(walk->places->tree, walk->path);
	bool good = stream && add_names(names, stream);

	if (stream)
		closedir(stream);
	return good;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory that may be something else than in the starting tree, in one order. */
static bool find_names(const struct walk *walk, struct within *within, struct names *names)
{
	bool good = true;

	if (within->upper)
		good = add_layer(names, walk->places->upper, walk->path, &within->whole);
	if (good && within->layer)
		good = add_layer(names, walk->places->layer, walk->path, &within->whole);
	if (good && (within->whole || !within->base))
		good = add_all(walk, names, false);
	if (good && within->whole && within->base)
		good = add_all(walk, names, true);
	if (names->list_count)
		qsort(names->list, names->list_count, sizeof *names->list, compare_names);
	return good;
}

/* ------------------------------------------------------------------ contents */

static bool digest_file(int fd, char content[CRASH__DIGEST_TEXT])
{
	struct crash__digest *digest = fd < 0 ? NULL : crash__digest_begin();
	bool good = digest && crash__digest_file(digest, fd) == 0;

	if (digest)
		crash__digest_end(digest, content);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool read_content(int top, const char *path, char content[CRASH__DIGEST_TEXT])
{
	return digest_file(crash__owner_open(top, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
			   content);
}

static void forget(struct crash__known_file **files, struct crash__known_file *file)
{
	HASH_DEL(*files, file);
	free(file->path);
	free(file);
}

static bool content_of_base(struct walk *walk, char content[CRASH__DIGEST_TEXT])
{
	struct crash__known_file *file;
	DIR *top;
	bool good;

	HASH_FIND_STR(walk->tree->of_base, walk->path, file);
	if (file) {
		memcpy(content, file->content, CRASH__DIGEST_TEXT);
		return true;
	}
	top = crash__base_open_directory(walk->tree->base, "");
	good = top && read_content(dirfd(top), walk->path, content);
	if (top)
		closedir(top);
	file = good ? calloc(1, sizeof *file) : NULL;
	if (!file)
		return good;
	memcpy(file->content, content, CRASH__DIGEST_TEXT);
	file->path = strdup(walk->path);
	if (file->path)
		HASH_ADD_KEYPTR(hh, walk->tree->of_base, file->path, strlen(file->path), file);
	if (!file->path || !CRASH__HASHED(file)) {
		free(file->path);
		free(file);
	}
	return true;
}

static bool content_of_layer(struct walk *walk, ino_t inode, char content[CRASH__DIGEST_TEXT])
{
	struct crash__known_file *file;

	HASH_FIND(hh, walk->tree->of_layer, &inode, sizeof inode, file);
	if (file) {
		memcpy(content, file->content, CRASH__DIGEST_TEXT);
		return true;
	}
	if (!read_content(walk->places->layer, walk->path, content))
		return false;
	file = calloc(1, sizeof *file);
	if (!file)
		return true;
	file->inode = inode;
	memcpy(file->content, content, CRASH__DIGEST_TEXT);
	HASH_ADD(hh, walk->tree->of_layer, inode, sizeof inode, file);
	if (!CRASH__HASHED(file))
		free(file);
	return true;
}

/* What a layer has at the path, if it has anything there. False: that cannot be said. */
static bool find_in(bool within, int top, const char *path, mode_t *type, ino_t *inode)
{
	struct stat status;

	*type = 0;
	if (!within)
		return true;
	if (fstatat(top, path, &status, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
		return errno == ENOENT;
	*type = status.st_mode & S_IFMT;
	*inode = status.st_ino;
	return true;
}

static bool content_of_tree(struct walk *walk, const struct within *within, char content[CRASH__DIGEST_TEXT])
{
	mode_t upper, layer;
	ino_t inode;

	if (!find_in(within->upper, walk->places->upper, walk->path, &upper, &inode) ||
	    !find_in(within->layer, walk->places->layer, walk->path, &layer, &inode))
		return false;
	return !upper && S_ISREG(layer) ? content_of_layer(walk, inode, content) :
					  read_content(walk->places->tree, walk->path, content);
}

/* ------------------------------------------------------------------ one name */

static void digest_stat(struct crash__digest *digest, const struct stat *status)
{
	bool device = S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode);

	crash__digest_number(digest, status->st_mode);
	crash__digest_number(digest, status->st_uid);
	crash__digest_number(digest, status->st_gid);
	crash__digest_number(digest, device ? status->st_rdev : 0);
}

/* In whatever order they are. */
static bool digest_xattrs(struct crash__digest *digest, int top, const char *path)
{
	struct crash__xattrs xattrs;
	uint64_t sum[2] = {0, 0};
	const unsigned char *value;
	const char *name;
	size_t at = 0, bytes;
	bool good = true;

	if (crash__xattrs_read(top, path, &xattrs) < 0)
		return false;
	while (good && crash__xattrs_next(&xattrs, &at, &name, &value, &bytes)) {
		struct crash__digest *one = crash__digest_begin();
		char text[CRASH__DIGEST_TEXT];

		good = one != NULL;
		if (!one)
			break;
		crash__digest_text(one, name);
		crash__digest_bytes(one, value, bytes);
		crash__digest_end(one, text);
		sum[1] += strtoull(text + 16, NULL, 16);
		text[16] = '\0';
		sum[0] += strtoull(text, NULL, 16);
	}
	crash__digest_bytes(digest, sum, sizeof sum);
	crash__xattrs_clear(&xattrs);
	return good;
}

static bool digest_link(struct crash__digest *digest, int top, const char *path)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(top, path, target, sizeof target);

	if (length < 0)
		return false;
	crash__digest_bytes(digest, target, (size_t)length);
	return true;
}

static bool is_earlier(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* One that is neither that of the starting tree nor of now, was set. */
static void digest_time(struct crash__digest *digest, const struct walk *walk, const struct stat *status,
			const struct stat *base)
{
	const struct timespec *time = &status->st_mtim;
	bool is_now = !is_earlier(time, &walk->tree->since) && !is_earlier(&walk->now, time);
	bool is_old = base && time->tv_sec == base->st_mtim.tv_sec && time->tv_nsec == base->st_mtim.tv_nsec;

	crash__digest_number(digest, is_now || is_old ? 0 : (uint64_t)time->tv_sec);
	crash__digest_number(digest, is_now || is_old ? 0 : (uint64_t)time->tv_nsec + 1);
}

/* Names of one file say which of them was seen first. */
static bool digest_names(struct crash__digest *digest, struct walk *walk, const struct stat *status)
{
	struct linked *link = NULL;

	if (S_ISDIR(status->st_mode) || status->st_nlink < 2) {
		crash__digest_number(digest, 1);
		return true;
	}
	for (size_t i = 0; i < walk->links_count && !link; i++)
		if (walk->links[i].inode == status->st_ino && walk->links[i].device == status->st_dev)
			link = &walk->links[i];
	if (!link) {
		link = CRASH__PUSH(walk, links);
		if (!link)
			return false;
		*link = (struct linked){status->st_ino, status->st_dev, strdup(walk->path)};
	}
	crash__digest_number(digest, status->st_nlink);
	crash__digest_text(digest, link->first);
	return link->first != NULL;
}

static bool digest_tree(struct walk *walk, const struct within *within, const struct stat *status,
			const struct stat *base, char text[CRASH__DIGEST_TEXT])
{
	struct crash__digest *digest = crash__digest_begin();
	char content[CRASH__DIGEST_TEXT] = "";
	bool good = digest != NULL;

	if (!digest)
		return false;
	digest_stat(digest, status);
	if (S_ISREG(status->st_mode))
		good = content_of_tree(walk, within, content);
	else if (S_ISLNK(status->st_mode))
		good = digest_link(digest, walk->places->tree, walk->path);
	crash__digest_text(digest, content);
	good = good && digest_xattrs(digest, walk->places->tree, walk->path) &&
	       digest_names(digest, walk, status);
	digest_time(digest, walk, status, base);
	crash__digest_end(digest, text);
	return good;
}

/* The same of the starting tree. */
static bool digest_base(struct walk *walk, const struct stat *status, char text[CRASH__DIGEST_TEXT])
{
	struct crash__digest *digest = crash__digest_begin();
	DIR *top = crash__base_open_directory(walk->tree->base, "");
	char content[CRASH__DIGEST_TEXT] = "";
	bool good = digest && top;

	if (good) {
		digest_stat(digest, status);
		if (S_ISREG(status->st_mode))
			good = content_of_base(walk, content);
		else if (S_ISLNK(status->st_mode))
			good = digest_link(digest, dirfd(top), walk->path);
		crash__digest_text(digest, content);
		good = good && digest_xattrs(digest, dirfd(top), walk->path);
		crash__digest_number(digest, 1);
		crash__digest_number(digest, 0);
		crash__digest_number(digest, 0);
	}
	if (top)
		closedir(top);
	if (digest)
		crash__digest_end(digest, text);
	return good;
}

/* The name's part of the sum; `text` is of what it has become, NULL: it is gone. */
static bool add_part(struct walk *walk, const char *text)
{
	struct crash__digest *digest = crash__digest_begin();
	char part[CRASH__DIGEST_TEXT];

	if (!digest)
		return false;
	crash__digest_text(digest, walk->path);
	crash__digest_text(digest, text);
	crash__digest_end(digest, part);
	walk->sum.low += strtoull(part + 16, NULL, 16);
	part[16] = '\0';
	walk->sum.high += strtoull(part, NULL, 16);
	return true;
}

/* Adds what has become of a name, if it is not what it was. */
static bool compare(struct walk *walk, const struct within *within, const struct stat *status,
		    const struct stat *base)
{
	char now[CRASH__DIGEST_TEXT], before[CRASH__DIGEST_TEXT] = "";

	if (!digest_tree(walk, within, status, base, now))
		return false;
	if (base && S_ISREG(base->st_mode) && base->st_size != status->st_size)
		base = NULL;
	if (base && !digest_base(walk, base, before))
		return false;
	return strcmp(now, before) == 0 || add_part(walk, now);
}

/* ------------------------------------------------------------------ the whole tree */

static bool look(struct walk *walk, const struct within *above);

static bool look_into(struct walk *walk, const struct within *above, const struct stat *base)
{
	struct within here = {.base = base && S_ISDIR(base->st_mode), .whole = above->whole};
	struct names names = {0};
	mode_t upper, layer;
	ino_t inode;
	bool good = find_in(above->upper, walk->places->upper, walk->path, &upper, &inode) &&
		    find_in(above->layer, walk->places->layer, walk->path, &layer, &inode);

	if (!good)
		return false;
	here.upper = S_ISDIR(upper);
	here.layer = S_ISDIR(layer);
	good = find_names(walk, &here, &names);
	for (size_t i = 0; i < names.list_count && good; i++) {
		size_t before = walk->length, length = strlen(names.list[i]);

		if (i && strcmp(names.list[i], names.list[i - 1]) == 0)
			continue;
		good = before + length + 2 < sizeof walk->path;
		if (!good)
			break;
		if (before)
			walk->path[walk->length++] = '/';
		memcpy(walk->path + walk->length, names.list[i], length + 1);
		walk->length += length;
		good = look(walk, &here);
		walk->length = before;
		walk->path[before] = '\0';
	}
	clear_names(&names);
	return good;
}

/* What is at the path, with all that is below it. */
static bool look(struct walk *walk, const struct within *above)
{
	struct stat status, base;
	int was = above->base ? crash__base_stat(walk->tree->base, walk->path, &base) : 0;
	bool is = fstatat(walk->places->tree, walk->path, &status, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0;

	if (was < 0 || (!is && errno != ENOENT))
		return false;
	if (!is)
		return was ? add_part(walk, NULL) : true;
	if (!compare(walk, above, &status, was ? &base : NULL))
		return false;
	return S_ISDIR(status.st_mode) ? look_into(walk, above, was ? &base : NULL) : true;
}

bool crash__recovered_tree_hash(struct crash__recovered_tree *tree,
				const struct crash__recovered_places *places, struct crash__hash *hash)
{
	struct within top = {.base = true,
			     .upper = places->upper >= 0,
			     .layer = places->layer >= 0,
			     .whole = places->upper < 0};
	struct walk walk = {.tree = tree, .places = places};
	bool good;

	clock_gettime(CLOCK_REALTIME, &walk.now);
	good = look(&walk, &top);
	for (size_t i = 0; i < walk.links_count; i++)
		free(walk.links[i].first);
	free(walk.links);
	*hash = walk.sum;
	return good;
}

/* ------------------------------------------------------------------ what is known */

void crash__recovered_tree_begin(struct crash__recovered_tree *tree, const struct crash__base *base)
{
	*tree = (struct crash__recovered_tree){.base = base};
	clock_gettime(CLOCK_REALTIME_COARSE, &tree->since); /* which file systems look at */
}

void crash__recovered_tree_forget(struct crash__recovered_tree *tree, ino_t inode)
{
	struct crash__known_file *file;

	HASH_FIND(hh, tree->of_layer, &inode, sizeof inode, file);
	if (file)
		forget(&tree->of_layer, file);
}

void crash__recovered_tree_clear(struct crash__recovered_tree *tree)
{
	while (tree->of_base)
		forget(&tree->of_base, tree->of_base);
	while (tree->of_layer)
		forget(&tree->of_layer, tree->of_layer);
}
