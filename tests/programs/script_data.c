/* SPDX-License-Identifier: MIT */
/* script_data.c - what scripts do to open files: writes of all kinds, copies, sizes, syncs. */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "tests/programs/script.h"

/* <linux/falloc.h> has them only for other compilers. */
#define SPACE_ZERO _IOW('X', 57, struct space_range)
#define SPACE_RESERVE _IOW('X', 42, struct space_range)
#define SPACE_UNRESERVE _IOW('X', 43, struct space_range)

struct space_range {
	int16_t type, whence;
	int64_t start, length;
	int32_t system, pid, reserved[4];
};

/* ------------------------------------------------------------------ writes */

/* write SLOT BYTES SEED */
static void do_write(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	size_t count = script_fill(actor, words[1], words[2]);

	SCRIPT_CALL(write(fd, actor->bytes, count), SYS_write, fd, actor->bytes, count);
}

/* pwrite SLOT BYTES SEED OFFSET */
static void do_pwrite(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	size_t count = script_fill(actor, words[1], words[2]);
	off_t at = script_number(words[3]);

	SCRIPT_CALL(pwrite(fd, actor->bytes, count, at), SYS_pwrite64, fd, actor->bytes, count, at);
}

static void cut(struct script_actor *actor, size_t count, struct iovec parts[3])
{
	size_t first = count / 3, second = count / 2;

	parts[0] = (struct iovec){actor->bytes, first};
	parts[1] = (struct iovec){actor->bytes + first, second};
	parts[2] = (struct iovec){actor->bytes + first + second, count - first - second};
}

/* writev SLOT BYTES SEED */
static void do_writev(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	struct iovec parts[3];

	cut(actor, script_fill(actor, words[1], words[2]), parts);
	SCRIPT_CALL(writev(fd, parts, 3), SYS_writev, fd, parts, 3);
}

/* pwritev SLOT BYTES SEED OFFSET */
static void do_pwritev(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	off_t at = script_number(words[3]);
	struct iovec parts[3];

	cut(actor, script_fill(actor, words[1], words[2]), parts);
	SCRIPT_CALL(pwritev(fd, parts, 3, at), SYS_pwritev, fd, parts, 3, at);
}

/* pwritev2 SLOT BYTES SEED OFFSET none|append|sync|dsync: at the file position if OFFSET is -1 */
static void do_pwritev2(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	int flags = words[4][0] == 'a' ? RWF_APPEND :
		    words[4][0] == 's' ? RWF_SYNC :
		    words[4][0] == 'd' ? RWF_DSYNC :
					 0;
	off_t at = script_number(words[3]);
	struct iovec parts[3];

	cut(actor, script_fill(actor, words[1], words[2]), parts);
	SCRIPT_CALL(pwritev2(fd, parts, 3, at, flags), SYS_pwritev2, fd, parts, 3, at, at >> 31 >> 1, flags);
}

/* print SLOT BYTES SEED: through a stream, in pieces */
static void do_print(struct script_actor *actor, const char *const *words)
{
	size_t count = script_fill(actor, words[1], words[2]);
	int fd = fcntl(script_file(actor, words[0]), F_DUPFD_CLOEXEC, 0);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, fcntl(fd, F_GETFL) & O_APPEND ? "a" : "r+");

	if (!stream) {
		close(fd);
		return;
	}
	for (size_t at = 0; at < count; at += 777)
		fwrite(actor->bytes + at, 1, count - at < 777 ? count - at : 777, stream);
	fprintf(stream, "%s\n", words[2]);
	fclose(stream);
}

/* printf SLOT BYTES SEED: by dprintf() */
static void do_printf(struct script_actor *actor, const char *const *words)
{
	dprintf(script_file(actor, words[0]), "%*s\n", (int)(script_number(words[1]) % 5000), words[2]);
}

/* file PATH r+|w|a|wx BYTES SEED: by fopen() */
static void do_file(struct script_actor *actor, const char *const *words)
{
	size_t count = script_fill(actor, words[2], words[3]);
	FILE *stream = script_is_fifo(words[0]) ? NULL : fopen(words[0], words[1]);

	if (!stream)
		return;
	fwrite(actor->bytes, 1, count / 2, stream);
	fflush(stream);
	fwrite(actor->bytes + count / 2, 1, count - count / 2, stream);
	fclose(stream);
}

/* seek SLOT OFFSET 0|1|2 */
static void do_seek(struct script_actor *actor, const char *const *words)
{
	lseek(script_file(actor, words[0]), script_number(words[1]), (int)script_number(words[2]));
}

/* aio SLOT BYTES SEED OFFSET: by io_submit() */
static void do_aio(struct script_actor *actor, const char *const *words)
{
	size_t count = script_fill(actor, words[1], words[2]);
	struct iocb request = {.aio_lio_opcode = IOCB_CMD_PWRITE,
			       .aio_fildes = (unsigned int)script_file(actor, words[0]),
			       .aio_buf = (unsigned long)actor->bytes,
			       .aio_nbytes = count,
			       .aio_offset = script_number(words[3])};
	struct iocb *list[] = {&request};
	aio_context_t context = 0;
	struct io_event event;

	if (syscall(SYS_io_setup, 2, &context) < 0)
		return;
	if (script_raw(actor->line->route, SYS_io_submit, (long)context, 1, (long)list, 0, 0, 0) == 1)
		syscall(SYS_io_getevents, context, 1, 1, &event, NULL);
	syscall(SYS_io_destroy, context);
}

/* ------------------------------------------------------------------ copies */

/* sendfile TO FROM OFFSET BYTES: at the file position if OFFSET is -1 */
static void do_sendfile(struct script_actor *actor, const char *const *words)
{
	int to = script_file(actor, words[0]), from = script_file(actor, words[1]);
	off_t at = script_number(words[2]), *where = at < 0 ? NULL : &at;
	size_t count = (size_t)script_number(words[3]) % SCRIPT_BYTES;

	SCRIPT_CALL(sendfile(to, from, where, count), SYS_sendfile, to, from, where, count);
}

/* copy TO FROM OFFSET OFFSET BYTES: by copy_file_range(); at the file position if an OFFSET is -1 */
static void do_copy(struct script_actor *actor, const char *const *words)
{
	int to = script_file(actor, words[0]), from = script_file(actor, words[1]);
	off_t out = script_number(words[2]), in = script_number(words[3]);
	off_t *to_at = out < 0 ? NULL : &out, *from_at = in < 0 ? NULL : &in;
	size_t count = (size_t)script_number(words[4]) % SCRIPT_BYTES;

	SCRIPT_CALL(copy_file_range(from, from_at, to, to_at, count, 0), SYS_copy_file_range, from, from_at,
		    to, to_at, count, 0);
}

/* splice SLOT BYTES SEED OFFSET write|pages: out of a pipe */
static void do_splice(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]), ends[2];
	size_t count = script_fill(actor, words[1], words[2]) % 60000;
	struct iovec part = {actor->bytes, count};
	off_t at = script_number(words[3]), *where = at < 0 ? NULL : &at;
	ssize_t got;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	got = words[4][0] == 'p' ? vmsplice(ends[1], &part, 1, 0) : write(ends[1], actor->bytes, count);
	close(ends[1]);
	while (got > 0) {
		long done = SCRIPT_CALL(splice(ends[0], NULL, fd, where, (size_t)got, 0), SYS_splice, ends[0],
					NULL, fd, where, got, 0);

		if (done <= 0)
			break;
		got -= done;
	}
	close(ends[0]);
}

/* clone TO FROM */
static void do_clone(struct script_actor *actor, const char *const *words)
{
	int to = script_file(actor, words[0]), from = script_file(actor, words[1]);

	SCRIPT_CALL(ioctl(to, FICLONE, from), SYS_ioctl, to, FICLONE, from);
}

/* ------------------------------------------------------------------ sizes and blocks */

/* ftruncate SLOT SIZE */
static void do_ftruncate(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	off_t size = script_number(words[1]);

	SCRIPT_CALL(ftruncate(fd, size), SYS_ftruncate, fd, size);
}

static const struct {
	const char *name;
	int mode;
} kinds[] = {
	{"plain", 0},
	{"keep", FALLOC_FL_KEEP_SIZE},
	{"punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE},
	{"zero", FALLOC_FL_ZERO_RANGE},
	{"zerokeep", FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE},
	{"collapse", FALLOC_FL_COLLAPSE_RANGE},
	{"insert", FALLOC_FL_INSERT_RANGE},
	{"unshare", FALLOC_FL_UNSHARE_RANGE},
};

/* allocate SLOT KIND OFFSET BYTES; "posix": by posix_fallocate() */
static void do_allocate(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	off_t at = script_number(words[2]), bytes = script_number(words[3]);

	if (strcmp(words[1], "posix") == 0)
		posix_fallocate(fd, at, bytes);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(words[1], kinds[i].name) == 0)
			SCRIPT_CALL(fallocate(fd, kinds[i].mode, at, bytes), SYS_fallocate, fd, kinds[i].mode,
				    at, bytes);
}

/* space SLOT zero|reserve|unreserve OFFSET BYTES: by ioctl() */
static void do_space(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);
	struct space_range range = {.start = script_number(words[2]), .length = script_number(words[3])};
	unsigned long request = words[1][0] == 'z' ? SPACE_ZERO :
				words[1][0] == 'r' ? SPACE_RESERVE :
						     SPACE_UNRESERVE;

	SCRIPT_CALL(ioctl(fd, request, &range), SYS_ioctl, fd, request, &range);
}

/* sync SLOT file|data|range|fs */
static void do_sync(struct script_actor *actor, const char *const *words)
{
	int fd = script_file(actor, words[0]);

	switch (words[1][0] + words[1][1]) {
	case 'f' + 'i':
		SCRIPT_CALL(fsync(fd), SYS_fsync, fd);
		break;
	case 'd' + 'a':
		SCRIPT_CALL(fdatasync(fd), SYS_fdatasync, fd);
		break;
	case 'r' + 'a':
		SCRIPT_CALL(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE), SYS_sync_file_range, fd, 0, 0,
			    SYNC_FILE_RANGE_WRITE);
		break;
	}
}

const struct script_op script_data[] = {
	{"write", do_write},
	{"pwrite", do_pwrite},
	{"writev", do_writev},
	{"pwritev", do_pwritev},
	{"pwritev2", do_pwritev2},
	{"print", do_print},
	{"printf", do_printf},
	{"file", do_file},
	{"seek", do_seek},
	{"aio", do_aio},
	{"sendfile", do_sendfile},
	{"copy", do_copy},
	{"splice", do_splice},
	{"clone", do_clone},
	{"ftruncate", do_ftruncate},
	{"allocate", do_allocate},
	{"space", do_space},
	{"sync", do_sync},
	{NULL, NULL},
};
