/* SPDX-License-Identifier: MIT */
#include "cli/options.h"
#include "cli/screen.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/streams.h"
#include "common/spec.h"
#include "common/suggest.h"
#include "explore/atoms/persistence_model.h"
#include "explore/check/engine.h"
#include "explore/checkers/recovery_server.h"
#include "explore/recording/recorded_run.h"
#include "explore/recording/recording.h"
#include "runner/program.h"
#include "trace/reader.h"

const char crash__common_help[] =
	"Common options:\n"
	"  --root DIR            only files below DIR count as storage\n"
	"  --dir DIR             CRASH_DIR for the program; default: the working directory\n"
	"  --timeout TIME        kill the whole tree after TIME: 90, 1.5s, 200ms, 5m\n"
	"  --linger TIME         let processes outlive the program by TIME (1s)\n"
	"  --json[=FILE]         results as JSON lines, to stdout or FILE\n"
	"  -q, --quiet           print less\n"
	"  -v, --verbose         print more: stacks\n"
	"  --preload FILE        the preload module, if it is not where it was installed\n"
	"  --no-supervisor       run without the seccomp filter\n"
	"  --io-uring=allow      let the program use io_uring; what it writes is not seen\n"
	"  -h, --help; -V, --version\n";

void crash__die(const char *format, ...)
{
	va_list args;

	crash__screen_clear();
	fputs(CRASH__PROGRAM_NAME ": ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(CRASH__EXIT_FAILED);
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

void crash__die_error(int error)
{
	const char *detail = crash_error_detail();

	crash__screen_clear();
	/* the detail of these is a picture of its own */
	if (error == CRASH_ESPEC)
		fprintf(stderr, "%s: %s:\n  ", CRASH__PROGRAM_NAME, crash_strerror(error));
	else
		fprintf(stderr, "%s: %s%s", CRASH__PROGRAM_NAME, crash_strerror(error), *detail ? ": " : "");
	for (; *detail; detail++) {
		fprintf(stderr, is_control(*detail) && *detail != '\n' ? "\\%03o" : "%c",
			(unsigned char)*detail);
		if (*detail == '\n')
			fputs("  ", stderr);
	}
	fputc('\n', stderr);
	exit(error == CRASH_ENOPROGRAM			       ? CRASH__EXIT_NOPROGRAM :
	     error == CRASH_ENOEXEC || error == CRASH_EFOREIGN ? CRASH__EXIT_NOEXEC :
								 CRASH__EXIT_FAILED);
}

void crash__die_value(const char *option, const char *value, const char *expected)
{
	crash__die("%s %s: %s", option, value, expected);
}

static _Noreturn void print_help(const struct crash__command *command)
{
	crash__streams_printed(printf("Usage: %s %s %s\n%s.\n\n%s\n%s", CRASH__PROGRAM_NAME, command->name,
				      command->arguments, command->summary, command->help,
				      crash__common_help));
	exit(0);
}

static uint32_t milliseconds(const char *option, const char *value)
{
	uint64_t us;

	if (!crash__parse_time(value, strlen(value), &us) || us > (uint64_t)1000 * (UINT32_MAX - 1))
		crash__die_value(option, value, "not a time; write 90, 1.5s, 200ms or 5m");
	return us < 1000 ? 1 : (uint32_t)(us / 1000);
}

uint64_t crash__options_time(const char *option, const char *value)
{
	return milliseconds(option, value);
}

bool crash__options_take_text(const struct crash__option_text *texts, size_t count, int option,
			      const char *value)
{
	for (size_t i = 0; i < count; i++)
		if (texts[i].option == option) {
			*texts[i].text = value;
			return true;
		}
	return false;
}

uint64_t crash__options_number(const char *option, const char *value, uint64_t least, uint64_t most)
{
	char *end, expected[96];
	uint64_t number;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (*value && *value != '-' && *value != '+' && !*end && errno == 0 && number >= least &&
	    number <= most)
		return number;
	if (most == UINT64_MAX)
		snprintf(expected, sizeof expected, "write a number, %llu or more",
			 (unsigned long long)least);
	else
		snprintf(expected, sizeof expected, "write a number from %llu to %llu",
			 (unsigned long long)least, (unsigned long long)most);
	crash__die_value(option, value, expected);
}

uint64_t crash__options_size(const char *option, const char *value)
{
	static const char units[] = "KMGT";
	char *end;
	uint64_t number;
	const char *unit;

	errno = 0;
	number = strtoull(value, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (*value < '0' || *value > '9' || errno || (*end && (!unit || end[1])) || number == 0)
		crash__die_value(option, value, "write a size in bytes, or with K, M, G: 10M");
	for (; unit && unit >= units; unit--)
		number = number > UINT64_MAX >> 10 ? UINT64_MAX : number << 10;
	return number;
}

static void open_json(struct crash__options *options, const char *path)
{
	options->json = true;
	options->json_out = stdout;
	if (!path)
		return;
	options->json_out = fopen(path, "we");
	if (!options->json_out)
		crash__die("--json=%s: %s", path, strerror(errno));
	crash__streams_add_json(options->json_out, path);
}

static int signal_of(const char *value)
{
	int signal = crash__parse_signal(value);

	if (signal < 0)
		crash__die_value("--stop", value, "not a signal; write TERM, INT, QUIT, KILL, ...");
	return signal;
}

static bool take_server(struct crash__options *options, int option, const char *value)
{
	const struct crash__option_text texts[] = {
		{CRASH__OPTION_READY, &options->server.ready},
		{CRASH__OPTION_CLIENT, &options->server.client},
	};

	if (crash__options_take_text(texts, sizeof texts / sizeof *texts, option, value))
		return true;
	if (option == CRASH__OPTION_READY_TIMEOUT)
		options->server.ready_timeout_ms = milliseconds("--ready-timeout", value);
	else if (option == CRASH__OPTION_STOP)
		options->server.stop = signal_of(value);
	else
		return false;
	return true;
}

void crash__options_check_server(const struct crash__options *options, bool recovers)
{
	const struct crash__server *server = &options->server;
	const char *option = server->ready	      ? "--ready" :
			     server->ready_timeout_ms ? "--ready-timeout" :
			     server->stop	      ? "--stop" :
							NULL;

	if (!option || server->client || (recovers && server->ready))
		return;
	crash__die("%s is about a server that somebody uses: name that with --client", option);
}

struct crash__recovery_server crash__options_recovery_server(const struct crash__options *options,
							     const char *recover)
{
	const struct crash__server *server = &options->server;
	uint32_t linger = options->opts.linger_ms;

	return (struct crash__recovery_server){
		.ready = recover ? server->ready : NULL,
		.ready_timeout_ms =
			server->ready_timeout_ms ? server->ready_timeout_ms : CRASH__DEFAULT_READY_MS,
		.linger_ms = linger ? linger : CRASH__DEFAULT_LINGER_MS,
		.stop = server->stop ? server->stop : SIGTERM,
	};
}

void crash__refuse_beside_resume(const struct crash__option_beside *others, size_t count, const char *what,
				 const char *resume, char *const *program)
{
	for (size_t i = 0; i < count; i++)
		if (others[i].given)
			crash__die("--resume and %s do not go together: %s is resumed with the same settings",
				   others[i].name, what);
	if (program[0])
		crash__die("--resume %s: the program is known; remove %s", resume, program[0]);
}

static bool take_common(struct crash__options *options, int option, const char *value)
{
	switch (option) {
	case CRASH__OPTION_ROOT:
		options->opts.root = value;
		return true;
	case CRASH__OPTION_DIR:
		options->opts.dir = value;
		return true;
	case CRASH__OPTION_TIMEOUT:
		options->opts.timeout_ms = milliseconds("--timeout", value);
		return true;
	case CRASH__OPTION_LINGER:
		options->opts.linger_ms = milliseconds("--linger", value);
		return true;
	case CRASH__OPTION_JSON:
		open_json(options, value);
		return true;
	case CRASH__OPTION_PRELOAD:
		options->opts.preload = value;
		return true;
	case CRASH__OPTION_NO_SUPERVISOR:
		options->opts.flags |= CRASH_NO_SUPERVISOR;
		return true;
	case CRASH__OPTION_IO_URING:
		if (strcmp(value, "allow") != 0)
			crash__die_value("--io-uring", value, "the only value is \"allow\"");
		options->opts.flags |= CRASH_ALLOW_IO_URING;
		return true;
	case 'q':
		options->quiet = true;
		return true;
	case 'v':
		options->verbose++;
		return true;
	default:
		return false;
	}
}

/* getopt's own message says neither which command it was nor what was probably meant. */
static _Noreturn void refuse_option(const struct crash__command *command, const char *word, int error)
{
	const struct option *table = command->options;
	struct crash__suggestion near = {.word = word + 2, .length = strcspn(word, "=") - 2};

	if (error == ':')
		crash__die("%s: %s needs a value; see %s %s --help", command->name, word, CRASH__PROGRAM_NAME,
			   command->name);
	if (strncmp(word, "--", 2) == 0)
		for (; table->name; table++)
			crash__suggest(&near, table->name);
	if (near.best)
		crash__die("%s: unknown option %s; did you mean --%s?", command->name, word, near.best);
	crash__die("%s: unknown option %s; see %s %s --help", command->name, word, CRASH__PROGRAM_NAME,
		   command->name);
}

/* The letters of the table's options, for getopt. "+": the program's options are the program's. */
static void list_letters(const struct crash__command *command, char letters[64])
{
	const struct option *table = command->options;
	size_t length = (size_t)snprintf(letters, 64, "%s:hqvV", command->no_program ? "" : "+");

	for (; table->name && length < 60; table++)
		if (table->val < 128 && !strchr("hqvV", table->val))
			length += (size_t)snprintf(letters + length, 64 - length, "%c%s", table->val,
						   table->has_arg == required_argument ? ":" : "");
}

void crash__options_parse(struct crash__options *options, const struct crash__command *command, int argc,
			  char **argv, bool (*own)(void *context, int option, const char *value),
			  void *context)
{
	const struct option *table = command->options;
	char letters[64];
	int option, word;

	list_letters(command, letters);
	memset(options, 0, sizeof *options);
	options->opts.timeout_ms = CRASH_NO_TIMEOUT;
	optind = 1;
	opterr = 0;
	while (word = optind, (option = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		if (command->no_program) /* words before it may have been passed over */
			word = optarg && optarg == argv[optind - 1] ? optind - 2 : optind - 1;
		if (option == 'h')
			print_help(command);
		if (option == 'V') {
			printf("crashinject %s\n", crash_version());
			exit(0);
		}
		if (option == '?' || option == ':')
			refuse_option(command, argv[word], option);
		/* usually a variable of a script that was not set; the run would be one that asks for nothing
		 */
		if (optarg && optarg[strspn(optarg, " \t\n")] == '\0')
			crash__die("%s: %s: the value is empty", command->name, argv[word]);
		/* the value has been forgotten: that ends the options */
		if (optarg && strcmp(optarg, "--") == 0)
			refuse_option(command, argv[word], ':');
		if (!take_common(options, option, optarg) && !take_server(options, option, optarg) &&
		    !(own && own(context, option, optarg)))
			refuse_option(command, argv[word], '?');
	}
	options->program = argv + optind;
}

struct crash__request crash__options_request(const struct crash__options *options)
{
	static char preload[PATH_MAX];
	struct crash__request request = crash__request_new();

	request.opts = options->opts;
	request.server = options->server;
	/* In a chroot a sandbox has new mounts, and there /proc/self/exe, beside which the module of a build
	 * tree is, names a path of the outside. */
	if (crash__program_preload(options->opts.preload, preload) == 0)
		request.opts.preload = preload;
	request.opts.program = options->program[0];
	request.opts.args = (const char *const *)options->program + 1;
	if (!request.opts.dir)
		request.opts.dir = getenv("CRASH_DIR");
	if (!request.opts.dir || !*request.opts.dir)
		request.opts.dir = ".";
	request.in = 0;
	request.out = 1;
	request.err = 2;
	return request;
}

bool crash__options_name_trace(const struct crash__options *options, const char *command)
{
	if (!crash__trace_is(options->program[0]))
		return false;
	if (options->program[1])
		crash__die("%s: %s is a trace, and nothing can stand behind it; options go before it",
			   command, options->program[0]);
	return true;
}

void crash__options_directory(const struct crash__options *options, char directory[PATH_MAX])
{
	const char *wanted = options->opts.root ? options->opts.root : options->opts.dir;

	if (!wanted)
		wanted = getenv("CRASH_DIR");
	if (!wanted || !*wanted)
		wanted = ".";
	if (!realpath(wanted, directory))
		crash__die("%s: %s", wanted, strerror(errno));
}

void crash__say_recorded(const struct crash__options *options, const struct crash__recorded *recorded)
{
	if (options->quiet)
		return;
	if (recorded->timed_out)
		fprintf(stderr, "%s: the program timed out; what it did until then is used\n",
			CRASH__PROGRAM_NAME);
	else if (recorded->exit_code > 0)
		fprintf(stderr, "%s: the program exited with %d\n", CRASH__PROGRAM_NAME, recorded->exit_code);
	else if (recorded->exit_code < 0 && !recorded->killed)
		fprintf(stderr, "%s: signal %d ended the program\n", CRASH__PROGRAM_NAME, recorded->signal);
	if (*recorded->output && (options->verbose || recorded->exit_code != 0))
		fputs(recorded->output, stderr);
}

void crash__options_exits(const char *list, struct crash__exits *exits)
{
	bool any = list && strcmp(list, "any") == 0;
	char *copy = strdup(any ? "" : list ? list : "0"), *rest = copy, *part;

	memset(exits, any, sizeof *exits);
	if (!copy)
		crash__die("out of memory");
	while (!any && (part = strsep(&rest, ",")))
		exits->good[crash__options_number("--exit-ok", part, 0, CRASH__EXITS - 1)] = true;
	free(copy);
}

uint32_t crash__options_models(const char *option, const char *names, struct crash__model *models)
{
	char *list = strdup(names), *rest = list, *name;
	uint32_t count = 0;

	while ((name = strsep(&rest, ",")) != NULL) {
		if (count == CRASH__MOST_MODELS)
			crash__die("%s: %u are too many", option, count + 1);
		if (crash__model_read(name, &models[count]) < 0)
			crash__die("%s: %s", option, crash_error_detail());
		for (uint32_t i = 0; i < count; i++)
			if (strcmp(models[i].name, models[count].name) == 0)
				crash__die("%s: %s is named twice", option, models[i].name);
		count++;
	}
	free(list);
	return count;
}

void crash__options_budget(const char *text, const char *things, uint64_t *number, uint64_t *ns)
{
	char expected[80];
	uint64_t us;

	if (!text)
		return;
	snprintf(expected, sizeof expected, "write a number of %s, or a time: 500, 30s, 5m", things);
	if (*text && strspn(text, "0123456789") == strlen(text))
		*number = crash__options_number("--budget", text, 1, UINT64_MAX);
	else if (crash__parse_time(text, strlen(text), &us) && us)
		*ns = us * 1000;
	else
		crash__die_value("--budget", text, expected);
}

void crash__refuse_beside_trace(const char *trace, const char *at, const char *setup, uint64_t max_trace,
				const char *client)
{
	const char *option = at	       ? "--at" :
			     setup     ? "--setup" :
			     max_trace ? "--max-trace" :
			     client    ? "--client" :
					 NULL;

	if (option)
		crash__die("%s and a trace do not go together: the run that %s is the recording of is over; "
			   "give %s when it is recorded, or a program",
			   option, trace, option);
}

const char *crash__shown_text(const char *text)
{
	static char shown[10 * PATH_MAX]; /* two paths in octal, and some words */
	size_t length = 0;

	for (; *text && length < sizeof shown - 5; text++)
		length += (size_t)sprintf(shown + length, is_control(*text) ? "\\%03o" : "%c",
					  (unsigned char)*text);
	shown[length] = '\0';
	return shown;
}

const char *crash__shown_path(const char *path)
{
	static char cwd[PATH_MAX];
	size_t length;

	if (!cwd[0] && !getcwd(cwd, sizeof cwd))
		return crash__shown_text(path);
	length = strlen(cwd);
	if (strncmp(path, cwd, length) == 0 && path[length] == '/' && path[length + 1])
		path += length + 1;
	return crash__shown_text(path);
}

bool crash__use_colour(FILE *stream)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fileno(stream)) && !(no_colour && *no_colour) &&
	       !(terminal && strcmp(terminal, "dumb") == 0);
}

void crash__print_incomplete(const struct crash_out *out)
{
	if (out->complete)
		return;
	fputs(CRASH__PROGRAM_NAME ": incomplete:\n", stderr);
	for (char **reason = out->incomplete_reasons; reason && *reason; reason++)
		fprintf(stderr, "  %s\n", crash__shown_text(*reason));
}
