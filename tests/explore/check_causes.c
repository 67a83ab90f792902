/* SPDX-License-Identifier: MIT */
/*
 * check_causes.c - one cause is one finding, and two causes are two.
 *
 * Method: small shell programs whose mistakes are known, and checkers that see them. A finding is compared
 * with what stands for it in a row: its kind, and patterns for its sentence, its repair and its files.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/run/lab.h"

#define MOST 4
#define ACKED(word) "grep -q " word " \"$CRASH_ACKED\""

/* What saver replaces: it is all old or all new afterwards. */
#define OLD_DATA "head -c 8192 /dev/zero | tr '\\0' o > data"
#define SAVED                                                                                                \
	"test $(stat -c %s data) = 8192 && { test $(tr -d n < data | wc -c) = 0 || "                         \
	"test $(tr -d o < data | wc -c) = 0; }"

struct expected {
	const char *kind, *sentence;
	const char *repair; /* or the advice, where there is no repair */
	const char *files;  /* NULL: whatever */
};

static bool is_allowed_by(const json_t *finding, const char *name)
{
	bool allowed = false;
	json_t *model;
	size_t i;

	json_array_foreach(json_object_get(finding, "models"), i, model)
		allowed |= strcmp(json_string_value(model), name) == 0;
	return allowed;
}

/* Whatever any other model allows. */
static void assert_allowed_by_posix(const json_t *finding)
{
	ck_assert_msg(is_allowed_by(finding, "posix") ||
			      json_array_size(json_object_get(finding, "models")) == 0,
		      "%s", json_dumps(finding, JSON_INDENT(1)));
}

static json_t *explore(const char *setup, const char *work, const char *check, const char *model,
		       const char *tiers)
{
	struct lab_result result;
	json_t *lines, *findings = json_array(), *line;
	size_t i;

	lab_remove("store");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	lab_assert_status(&(struct lab_result){.status = LAB_COMMAND("sh", "-c", setup).status}, 0);
	result = LAB_CRASHINJECT("explore", "-q", "--json", "--root", "store", "--model", model, "--tiers",
				 tiers, "--check", check, "--", "sh", "-c",
				 lab_text("cd store && { %s; }", work));
	lines = lab_json_lines(result.out);
	json_array_foreach(lines, i, line)
		if (json_object_get(line, "finding")) {
			json_array_append(findings, json_object_get(line, "finding"));
			assert_allowed_by_posix(json_object_get(line, "finding"));
		}
	lab_assert_status(&result, json_array_size(findings) ? 1 : 0);
	return findings;
}

static const char *joined(const json_t *names)
{
	const char *text = "";
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		text = lab_text("%s%s%s", text, i ? "," : "", json_string_value(name));
	return text;
}

static void assert_like(const char *pattern, const char *text)
{
	ck_assert_msg(text && fnmatch(pattern, text, 0) == 0, "\"%s\" is not like \"%s\"",
		      text ? text : "nothing", pattern);
}

static const char *help_of(const json_t *finding)
{
	const char *repair = lab_json_text(finding, "repair");

	return repair && *repair ? repair : lab_json_text(finding, "advice");
}

/* In any order: each finding is one of them. */
static void assert_findings(const json_t *findings, const struct expected *expected)
{
	size_t count = 0;

	while (count < MOST && expected[count].kind) {
		const json_t *found = NULL;

		for (size_t i = 0; i < json_array_size(findings) && !found; i++) {
			const json_t *finding = json_array_get(findings, i);

			if (strcmp(lab_json_text(finding, "kind"), expected[count].kind) == 0 &&
			    fnmatch(expected[count].sentence, lab_json_text(finding, "sentence"), 0) == 0)
				found = finding;
		}
		ck_assert_msg(found != NULL, "not found: %s: %s\nbut %s", expected[count].kind,
			      expected[count].sentence, json_dumps(findings, JSON_INDENT(1)));
		assert_like(expected[count].repair, help_of(found));
		if (expected[count].files)
			ck_assert_str_eq(joined(json_object_get(found, "files")), expected[count].files);
		count++;
	}
	ck_assert_msg(json_array_size(findings) == count, "%zu findings, not %zu: %s",
		      json_array_size(findings), count, json_dumps(findings, JSON_INDENT(1)));
}

/* ------------------------------------------------------------------ two mistakes */

/* A file that is there is whole, and is there once that was acknowledged. */
#define WHOLE                                                                                                \
	"if [ -e f ]; then [ \"$(cat f)\" = data ] || { echo not whole; exit 1; }\n"                         \
	"elif " ACKED("done") "; then exit 2; fi"

/* b is not newer than a, and both are new once that was acknowledged. */
#define IN_ORDER                                                                                             \
	"A=$(cat a) B=$(cat b)\n"                                                                            \
	"[ \"$A $B\" != 'old new' ] || { echo b is newer than a; exit 1; }\n"                                \
	"! " ACKED("done") " || [ \"$A$B\" = newnew ] || exit 2"

/* A database in a directory of its own: what it has is right, and it has what was acknowledged. */
#define DATABASE                                                                                             \
	"if [ -e db/current ]; then [ \"$(cat db/current)\" = one ] || exit 1\n"                             \
	"elif " ACKED("put") "; then exit 2; fi"

#define NOT_SYNCED "its directory was never synced"
#define OLD "cd store && echo old >a && echo old >b"

static const struct {
	const char *setup, *work, *check, *model;
	struct expected expected[MOST];
} programs[] = {
	{":",
	 "printf data >f.tmp; mv f.tmp f; echo done",
	 WHOLE,
	 "posix",
	 {{"inconsistent", "the rename of f.tmp to f * reached the disk, but the data of f.tmp *",
	   "fsync of f.tmp before rename#1 of f.tmp to f removes *", "f.tmp"},
	  {"lost",
	   "acknowledged \"done\" on stdout, but the rename of f.tmp to f (rename#1) was not "
	   "durable: " NOT_SYNCED,
	   "fsync of the data directory before acknowledging \"done\" on stdout removes *", "f"}}},
	{OLD,
	 "echo new >a.t; sync a.t; mv a.t a; echo new >b.t; sync b.t; mv b.t b; echo done",
	 IN_ORDER,
	 "posix",
	 {{"inconsistent", "the rename of b.t to b * reached the disk, but the rename of a.t to a *",
	   "fsync of the data directory before rename#4 of b.t to b *", "a"},
	  {"lost", "acknowledged \"done\" on stdout, but the rename of b.t to b *",
	   "fsync of the data directory before acknowledging \"done\" *", "b"}}},
	{":",
	 "mkdir db; printf one >db/new; sync db/new; mv db/new db/current; sync db; echo put",
	 DATABASE,
	 "posix",
	 {{"lost",
	   "acknowledged \"put\" on stdout, but the creation of the directory db * was not durable: *",
	   "fsync of the data directory before acknowledging \"put\" *", "db"}}},
	{":",
	 "mkdir db; printf one >db/new; mv db/new db/current; sync db; echo put",
	 DATABASE,
	 "posix",
	 {{"inconsistent", "the rename of db/new to db/current * reached the disk, but the data of db/new *",
	   "fsync of db/new before rename#1 of db/new to db/current *", "db/new"},
	  {"lost",
	   "acknowledged \"put\" on stdout, but the creation of the directory db * was not durable: *",
	   "fsync of the data directory before acknowledging \"put\" *", "db"}}},
};

static const char *const tiers[] = {"prefix,cut,omit-1,keep-1,tear", "prefix,cut"};

/*
 * Also where only plain power cuts are looked at, which have lost both sides of each mistake: what is left
 * when one is given back shows the other.
 *
 * Any state of the first program that has lost both was once a state of whichever came first, whatever its
 * checker said of it, and "removes all 6 states" was said of a sync that leaves the other mistake.
 */
START_TEST(two_mistakes_are_two_findings)
{
	size_t at = (size_t)_i / 2;

	assert_findings(explore(programs[at].setup, programs[at].work, programs[at].check, programs[at].model,
				tiers[_i % 2]),
			programs[at].expected);
}
END_TEST

/*
 * It failed before the rename, where no power has to be lost, and so it does where the rename is undone.
 * "Only a part of the rename reached the disk" was said of that, which no fsync helps, and nothing of the one
 * that is missing.
 */
START_TEST(what_undoes_an_op_is_not_torn)
{
	static const char *const ways[] = {"prefix,cut,omit-1,keep-1,tear", "prefix,cut", "omit-1"};
	static const struct expected expected[MOST] = {
		{"lost",
		 "if the process dies between * and rename#1 of f.tmp to f, acknowledged data is lost",
		 "no fsync helps: *", NULL},
		{"lost",
		 "acknowledged \"done\" on stdout, but the rename of f.tmp to f (rename#1) was not "
		 "durable: " NOT_SYNCED,
		 "fsync of the data directory before acknowledging \"done\" on stdout removes *", "f"}};

	assert_findings(explore(":", "echo ready; printf data >f.tmp; sync f.tmp; mv f.tmp f; echo done",
				"[ ! -s \"$CRASH_ACKED\" ] || grep -qx data f || exit 2", "ext4", ways[_i]),
			expected);
}
END_TEST

/*
 * Where nearly everything is lost, both mistakes show, and the state is listed with the one that was found
 * first. "Removes 14 of 20 states" was said of its repair, because the other mistake's was not made as well.
 */
START_TEST(a_repair_is_not_blamed_for_another_mistake)
{
	json_t *findings =
		explore("cd store && mkdir a b && echo old >a/conf && echo old >b/x && sync .",
			"echo new >a/conf.new; mv a/conf.new a/conf; echo new >b/x.new; sync b/x.new; "
			"mv b/x.new b/x; echo y >done.new; sync done.new; mv done.new done; "
			"echo more >more; sync .",
			"[ ! -e done ] || { grep -qx new a/conf && grep -qx new b/x; }", "posix", tiers[0]);

	ck_assert_uint_eq(json_array_size(findings), 2);
	assert_like("fsync of a/conf before rename#* of done.new to done removes all * states",
		    help_of(json_array_get(findings, 0)));
	assert_like("fsync of the directory a and the directory b before rename#* of done.new to done "
		    "removes all * "
		    "states",
		    help_of(json_array_get(findings, 1)));
}
END_TEST

/* A page at the beginning is written again and one is added, and a journal comes and goes, as SQLite does it.
 */
static const char grows[] = "python3 -c 'import os\n"
			    "f = os.open(\"f\", os.O_RDWR | os.O_CREAT)\n"
			    "for i in range(1, 5):\n"
			    "    j = os.open(\"j\", os.O_RDWR | os.O_CREAT)\n"
			    "    os.pwrite(j, b\"j\" * 512, 0)\n"
			    "    os.close(j)\n"
			    "    os.pwrite(f, str(i).encode() * 1024, 0)\n"
			    "    os.pwrite(f, str(i).encode() * 1024, 1024 * i)\n"
			    "    os.unlink(\"j\")'";
static const char grown[] =
	"[ -e j ] || [ ! -s f ] || { n=$(head -c 1 f | tr -cd 1-9); [ -n \"$n\" ] && [ \"$({ printf %1024s | "
	"tr ' ' $n; for k in $(seq $n); do printf %1024s | tr ' ' $k; done; } | cksum)\" = "
	"\"$(cksum <f)\" ]; }";

/* With the sync there are fewer sizes that the file may have, and what was looked up by number was another
 * one: "removes 27 of 31 states". */
START_TEST(a_repair_is_looked_up_among_what_it_leaves)
{
	json_t *findings = explore(":", grows, grown, "ext4", tiers[0]);
	bool found = false;

	for (size_t i = 0; i < json_array_size(findings); i++) {
		const char *repair = lab_json_text(json_array_get(findings, i), "repair");

		if (!repair || strncmp(repair, "fsync of f before unlink#1 of j", 31) != 0)
			continue;
		found = true;
		assert_like("* removes all * states", repair);
	}
	ck_assert_msg(found, "%s", json_dumps(findings, JSON_INDENT(1)));
}
END_TEST

/* ------------------------------------------------------------------ one mistake with several files */

/* The index names objects, and those are there. */
static const char objects_check[] = "[ ! -e index ] || for object in $(cat index); do\n"
				    "grep -q data $object || { echo $object is not there; exit 1; }\ndone";

/* Five objects, of which some are synced. */
static json_t *explore_objects(const char *synced)
{
	return explore("cd store && touch obj001 obj002 obj003 obj004 obj005",
		       lab_text("for n in 1 2 3 4 5; do echo data >obj00$n; done; sync %s; "
				"echo obj001 obj002 obj003 obj004 obj005 >index.tmp; sync index.tmp; "
				"mv index.tmp index; sync .",
				synced),
		       objects_check, "ext4", "prefix,cut,omit-1");
}

/* Only obj001 was named, and who had accepted that had accepted the others. */
START_TEST(a_finding_lists_every_file_and_its_id_says_which)
{
	static const struct {
		const char *synced, *files, *repair;
	} rows[] = {
		{"obj003", "obj001,obj002,obj004,obj005",
		 "fsync of obj001, obj002, obj004 and obj005 before rename#1 of index.tmp to index removes "
		 "all "
		 "* states"},
		{"obj002 obj003 obj004", "obj001,obj005",
		 "fsync of obj001 and obj005 before rename#1 of index.tmp to index removes all * states"},
		{"obj002 obj003 obj004 obj005", "obj001",
		 "fsync of obj001 before rename#1 of index.tmp to index removes all * states"},
	};
	const char *ids[3];

	for (int i = 0; i < 3; i++) {
		json_t *findings = explore_objects(rows[i].synced);

		ck_assert_msg(json_array_size(findings) == 1, "%s", json_dumps(findings, JSON_INDENT(1)));
		ck_assert_str_eq(joined(json_object_get(json_array_get(findings, 0), "files")),
				 rows[i].files);
		assert_like(rows[i].repair, lab_json_text(json_array_get(findings, 0), "repair"));
		ids[i] = lab_json_text(json_array_get(findings, 0), "id");
		for (int other = 0; other < i; other++)
			ck_assert_str_ne(ids[i], ids[other]);
	}
	/* and the same in another run */
	ck_assert_str_eq(lab_json_text(json_array_get(explore_objects("obj002 obj003 obj004"), 0), "id"),
			 ids[1]);
}
END_TEST

/* ------------------------------------------------------------------ what a finding says */

static const struct {
	const char *work, *asks, *model, *sentence, *help;
} sentences[] = {
	/* what one of two directories' syncs leaves undone */
	{"sync d; mv a d/a; sync d", "test ! -e a", "posix",
	 "*but the rename of a to d/a (rename#1) was not durable: the data directory was never synced",
	 "fsync of the data directory before acknowledging \"done\" on stdout removes *"},
	{"mv a d/a; sync .", "test -e d/a", "posix",
	 "*but the rename of a to d/a (rename#1) was not durable: the directory d was never synced",
	 "fsync of the directory d before acknowledging \"done\" on stdout removes *"},
	{"sync .; mv a b", "test -e b", "posix",
	 "*but the rename of a to b (rename#1) was not durable: its directory was not synced afterwards",
	 "fsync of the data directory before *"},
	{"mv a b", "test -e b", "posix", "*: its directory was never synced",
	 "fsync of the data directory before *"},
};

/* "Its directories were never synced" was said although one of them had been. */
START_TEST(a_sentence_says_which_sync_is_missing)
{
	json_t *findings =
		explore("cd store && echo x >a && mkdir d", lab_text("%s; echo done", sentences[_i].work),
			lab_text("! " ACKED("done") " || %s || exit 2", sentences[_i].asks),
			sentences[_i].model, "prefix,cut,omit-1,keep-1,tear");

	ck_assert_msg(json_array_size(findings) == 1, "%s", json_dumps(findings, JSON_INDENT(1)));
	assert_like(sentences[_i].sentence, lab_json_text(json_array_get(findings, 0), "sentence"));
	assert_like(sentences[_i].help, help_of(json_array_get(findings, 0)));
}
END_TEST

/* What is in a directory that gets another name is called what it was called then. */
START_TEST(a_repair_names_a_file_as_it_is_called_by_then)
{
	json_t *findings = explore("cd store && mkdir d", "printf x >d/b; sync . d; mv d e",
				   "! test -e e || test -s e/b", "posix", "prefix,cut,omit-1,keep-1,tear");

	ck_assert_uint_eq(json_array_size(findings), 1);
	assert_like("the rename of d to e (rename#1) reached the disk, but the * of d/b* did not: *",
		    lab_json_text(json_array_get(findings, 0), "sentence"));
	assert_like("fsync of d/b before rename#1 of d to e *", help_of(json_array_get(findings, 0)));
}
END_TEST

/*
 * Where one file system takes the data along that it loses a truncation with, another has to lose both: what
 * is left is the same, and the weaker one allows it as well.
 */
START_TEST(what_one_model_takes_along_another_loses_as_well)
{
	json_t *findings = explore(":", "seq 300 >a; sync a .; sort -r -o a a; echo done",
				   "[ \"$(head -n 1 a)\" != 1 ] || ! " ACKED("done"), "ext4",
				   "prefix,cut,omit-1,keep-1,tear");

	ck_assert_uint_eq(json_array_size(findings), 1);
}
END_TEST

/* One mistake, whichever model it was found with; what another one leaves of it need not be the same state.
 */
static const struct {
	const char *setup, *work, *check, *found_with;
	const char *allowed, *forbidden;
} elsewhere[] = {
	/* empty there, and zeros here */
	{"printf old >store/a; sync store/a store", "printf new >t; mv t a",
	 "case \"$(tr '\\0' Z <a)\" in old|new) exit 0;; esac; exit 1", "xfs", "ext4", "ext4-journal"},
	/* a killed process leaves one page of two */
	{"head -c 8192 /dev/zero | tr '\\0' o >store/a; tr o n <store/a >store/b; sync",
	 "dd if=b of=a bs=8192 conv=notrunc 2>/dev/null",
	 "case $(tr -d o <a | wc -c) in 0|8192) exit 0;; esac; exit 1", "posix", "kill", "none"},
	/* one that fits in a page it does not tear */
	{"head -c 2048 /dev/zero | tr '\\0' o >store/a; tr o n <store/a >store/b; sync",
	 "dd if=b of=a bs=8192 conv=notrunc 2>/dev/null",
	 "case $(tr -d o <a | wc -c) in 0|2048) exit 0;; esac; exit 1", "posix", "ext4", "kill"},
};

START_TEST(a_mistake_is_allowed_by_every_model_that_shows_it)
{
	json_t *findings = explore(elsewhere[_i].setup, elsewhere[_i].work, elsewhere[_i].check,
				   elsewhere[_i].found_with, "prefix,cut,omit-1,keep-1,tear");

	ck_assert_uint_eq(json_array_size(findings), 1);
	ck_assert_msg(is_allowed_by(json_array_get(findings, 0), elsewhere[_i].allowed), "%s",
		      json_dumps(findings, JSON_INDENT(1)));
	ck_assert_msg(!is_allowed_by(json_array_get(findings, 0), elsewhere[_i].forbidden), "%s",
		      json_dumps(findings, JSON_INDENT(1)));
}
END_TEST

/* Both names, or none: a checksum of what is in the file was advised. */
START_TEST(a_torn_rename_is_not_helped_by_a_checksum)
{
	json_t *findings = explore("cd store && echo x >a", "mv a b", "test -e a || test -e b", "posix",
				   "prefix,cut,omit-1,keep-1,tear");
	json_t *finding = json_array_get(findings, 0);

	ck_assert_uint_eq(json_array_size(findings), 1);
	assert_like("only a part of the rename of a to b (rename#1) reached the disk*",
		    lab_json_text(finding, "sentence"));
	assert_like("no fsync helps: *rename*", lab_json_text(finding, "advice"));
	ck_assert_ptr_null(strstr(lab_json_text(finding, "advice"), "checksum"));
}
END_TEST

/*
 * A record of zeros that passes for a good one is found where lost data may show as zeros. Under posix it
 * showed as garbage and as nothing else, and so the weakest model forbade what ext4 does.
 */
START_TEST(lost_data_is_zeros_and_garbage)
{
	static const char *const asks[] = {
		"test -z \"$(tail -c 100 a | tr -d '\\0x')\" || test \"$(wc -c <a)\" -le 100",
		"test \"$(tail -c 1 a | od -An -tx1)\" != ' 00'",
	};
	json_t *findings = explore("cd store && : >a", "head -c 900 /dev/zero | tr '\\0' x >>a", asks[_i],
				   "posix", _i ? "prefix,cut,omit-1,keep-1" : "prefix,omit-1,tear");
	const char *state = lab_json_text(json_array_get(findings, 0), "state");
	struct lab_result result;

	ck_assert_uint_ge(json_array_size(findings), 1);
	ck_assert_int_eq(strstr(state, ":zeros") != NULL, _i == 1);
	/* and the state is what it was */
	lab_remove("trace");
	lab_remove("state");
	lab_assert_status(
		&(struct lab_result){.status = LAB_COMMAND("sh", "-c", "rm store/a; : >store/a").status}, 0);
	result = LAB_CRASHINJECT("record", "-o", "trace", "--root", "store", "--", "sh", "-c",
				 "cd store && head -c 900 /dev/zero | tr '\\0' x >>a");
	lab_assert_status(&result, 0);
	result = LAB_CRASHINJECT("replay", "trace", state, "state");
	lab_assert_status(&result, 0);
	result = LAB_COMMAND("sh", "-c", lab_text("cd state; %s", asks[_i]));
	ck_assert_int_ne(result.status, 0);
}
END_TEST

/* ------------------------------------------------------------------ one finding again */

static void make_old(void)
{
	ck_assert_int_eq(mkdir("store", 0755), 0);
	ck_assert_int_eq(chdir("store"), 0);
	ck_assert_int_eq(LAB_COMMAND("sh", "-c", OLD_DATA).status, 0);
}

/* What `explore --finding` says of the first finding, and what it did for that. */
struct sought {
	struct lab_result result;
	const char *answer;
	json_t *summary;
};

static struct sought seek_with(const char *check, const char *finding, const char *budget,
			       const char *mistake)
{
	struct sought sought = {.result = LAB_CRASHINJECT("explore", "-q", "--json", "--model", "ext4",
							  "--budget", budget, "--finding", finding, "--check",
							  check, "--", lab_program("saver"), mistake)};
	json_t *lines = lab_json_lines(sought.result.out), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (!sought.answer && json_object_get(line, "sought"))
			sought.answer = lab_json_text(json_object_get(line, "sought"), "answer");
		if (json_object_get(line, "summary"))
			sought.summary = json_object_get(line, "summary");
	}
	return sought;
}

static struct sought seek(const char *finding, const char *budget, const char *mistake)
{
	return seek_with(SAVED, finding, budget, mistake);
}

static void assert_sought(struct sought sought, int status, const char *answer)
{
	lab_assert_status(&sought.result, status);
	ck_assert_str_eq(sought.answer, answer);
}

/* The first finding of a full exploration, and how many states that checked. */
static const char *find_id(const char *mistake, json_int_t *checked)
{
	struct lab_result result = LAB_CRASHINJECT("explore", "-q", "--json", "--model", "ext4", "--check",
						   SAVED, "--", lab_program("saver"), mistake);
	json_t *lines = lab_json_lines(result.out), *line;
	const char *id = NULL;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (!id && json_object_get(line, "finding"))
			id = lab_json_text(json_object_get(line, "finding"), "id");
		if (json_object_get(line, "summary"))
			*checked = lab_json_number(json_object_get(line, "summary"), "checked", -1);
	}
	ck_assert_ptr_nonnull(id);
	return id;
}

START_TEST(a_finding_is_there_or_gone)
{
	json_int_t checked;
	const char *id;
	struct sought sought;

	make_old();
	id = find_id("no-sync", &checked);
	sought = seek(id, "1000000", "no-sync");
	assert_sought(sought, 1, "there");
	ck_assert(!lab_json_bool(sought.summary, "all_states"));
	ck_assert_int_lt(lab_json_number(sought.summary, "checked", -1), checked);
	assert_sought(seek(id, "1000000", "good"), 0, "gone");
	/* an accepted one beside it, and another that nobody knows: then everything is checked */
	sought = seek(lab_text("%s,0123abcd", id), "1000000", "no-sync");
	assert_sought(sought, 1, "there");
	ck_assert(lab_json_bool(sought.summary, "all_states"));
	sought = seek("0123abcd", "1000000", "no-sync");
	assert_sought(sought, 0, "gone");
	ck_assert(lab_json_bool(sought.summary, "all_states"));
}
END_TEST

START_TEST(what_was_not_looked_at_is_not_gone)
{
	json_int_t checked;
	const char *id;

	make_old();
	id = find_id("no-sync", &checked);
	assert_sought(seek(id, "1", "good"), 3, "undecided");
	assert_sought(seek("0123abcd", "1", "good"), 3, "undecided");
}
END_TEST

START_TEST(what_fails_otherwise_may_be_the_same_mistake)
{
	json_int_t checked;
	struct sought sought;
	const char *id;

	make_old();
	id = find_id("no-sync", &checked);
	sought = seek_with("{ " SAVED "; } || exit 2", id, "1000000", "no-sync");
	assert_sought(sought, 3, "undecided");
	ck_assert_msg(strstr(sought.result.out, "states of its classes fail otherwise") != NULL, "%s",
		      sought.result.out);
}
END_TEST

START_TEST(ids_may_stand_in_a_file)
{
	json_int_t checked;
	const char *id;

	make_old();
	id = find_id("no-sync", &checked);
	ck_assert_int_eq(LAB_COMMAND("sh", "-c", lab_text("echo '%s # known' > ../ids", id)).status, 0);
	assert_sought(seek("@../ids", "1000000", "no-sync"), 1, "there");
	ck_assert_int_eq(seek("@../none", "1", "good").result.status, 125);
	ck_assert_int_eq(seek("nonsense", "1", "good").result.status, 125);
}
END_TEST

/* ------------------------------------------------------------------ how many workers there are */

struct with_jobs {
	json_t *findings, *summary;
	int failures, runs; /* lines, and checks that were begun */
};

/* Two mistakes, and much that has nothing to do with them. */
static struct with_jobs explore_with(const char *jobs)
{
	struct with_jobs with = {.findings = json_array()};
	struct lab_result result;
	json_t *lines, *line;
	char *runs;
	size_t i;

	lab_remove("store");
	lab_remove("runs");
	ck_assert_int_eq(mkdir("store", 0755), 0);
	ck_assert_int_eq(LAB_COMMAND("sh", "-c", "echo old >store/data").status, 0);
	setenv("RUNS", lab_text("%s/runs", lab_dir), 1);
	result = LAB_CRASHINJECT("explore", "-q", "--json", "--root", "store", "--model=ext4", "--tiers=cut",
				 "--jobs", jobs, "--check",
				 "echo . >>$RUNS; { ! grep -q done $CRASH_ACKED || grep -q new data; } && "
				 "{ test ! -e d1 || grep -q x d1; }",
				 "--", "sh", "-c",
				 "cd store; for i in 1 2 3 4 5 6; do echo x >b$i; done; echo new 1<>data;"
				 "echo done; for i in 1 2 3; do echo x >c$i; done; mv c1 d1; sync b6;"
				 "echo more >b5");
	lab_assert_status(&result, 1);
	lines = lab_json_lines(result.out);
	json_array_foreach(lines, i, line) {
		with.failures += json_object_get(line, "failure") != NULL;
		if (json_object_get(line, "summary"))
			with.summary = json_object_get(line, "summary");
		if (!json_object_get(line, "finding"))
			continue;
		json_object_del(json_object_get(line, "finding"), "replay"); /* where the result is kept */
		json_array_append(with.findings, json_object_get(line, "finding"));
	}
	runs = lab_read("runs", NULL);
	for (const char *at = runs; *at; at++)
		with.runs += *at == '.';
	return with;
}

/* What is asked for ahead, and not needed, was checked and leaves no trace. */
START_TEST(what_comes_of_it_is_the_same_with_more_workers)
{
	static const char *const numbers[] = {"checked", "distinct", "failed", "findings", "not_checkable"};
	struct with_jobs one = explore_with("1"), more = explore_with("4");

	ck_assert_msg(json_equal(one.findings, more.findings), "%s\nand\n%s", json_dumps(one.findings, 0),
		      json_dumps(more.findings, 0));
	ck_assert_int_gt((int)json_array_size(one.findings), 0);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ck_assert_int_eq((int)lab_json_number(one.summary, numbers[i], -1),
				 (int)lab_json_number(more.summary, numbers[i], -2));
	ck_assert_int_eq(one.failures, more.failures);
	ck_assert_int_gt(more.runs, one.runs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("causes");
	TCase *causes = lab_case(suite, "causes", 120), *sought = lab_case(suite, "sought", 120);

	if (!lab_sandboxes()) {
		printf("SKIP: causes: user namespaces with overlays are not to be had here\n");
		return 77;
	}
	tcase_add_test(causes, a_repair_names_a_file_as_it_is_called_by_then);
	tcase_add_test(causes, what_one_model_takes_along_another_loses_as_well);
	tcase_add_loop_test(causes, a_mistake_is_allowed_by_every_model_that_shows_it, 0,
			    sizeof elsewhere / sizeof *elsewhere);
	tcase_add_loop_test(causes, two_mistakes_are_two_findings, 0,
			    2 * (int)(sizeof programs / sizeof *programs));
	tcase_add_loop_test(causes, what_undoes_an_op_is_not_torn, 0, 3);
	tcase_add_test(causes, a_repair_is_not_blamed_for_another_mistake);
	tcase_add_test(causes, a_repair_is_looked_up_among_what_it_leaves);
	tcase_add_test(causes, a_finding_lists_every_file_and_its_id_says_which);
	tcase_add_loop_test(causes, a_sentence_says_which_sync_is_missing, 0,
			    (int)(sizeof sentences / sizeof *sentences));
	tcase_add_test(causes, a_torn_rename_is_not_helped_by_a_checksum);
	tcase_add_loop_test(causes, lost_data_is_zeros_and_garbage, 0, 2);
	tcase_add_test(causes, what_comes_of_it_is_the_same_with_more_workers);
	tcase_add_test(sought, a_finding_is_there_or_gone);
	tcase_add_test(sought, what_was_not_looked_at_is_not_gone);
	tcase_add_test(sought, what_fails_otherwise_may_be_the_same_mistake);
	tcase_add_test(sought, ids_may_stand_in_a_file);
	return lab_run(suite);
}
