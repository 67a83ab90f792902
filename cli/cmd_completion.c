/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "explore/states/tiers.h"

static const struct option table[] = {CRASH__COMMON_OPTIONS, {NULL, 0, NULL, 0}};

/* ------------------------------------------------------------------ what can be a value */

/* What shells complete by themselves; other words are listed here, or nobody can know them: a time. */
static const char a_file[] = "FILE", a_directory[] = "DIRECTORY", a_command[] = "COMMAND",
		  a_model[] = "MODEL", a_tier[] = "TIER";

static const struct {
	const char *option, *value;
} values[] = {
	{"root", a_directory},
	{"dir", a_directory},
	{"json", a_file},
	{"preload", a_file},
	{"junit", a_file},
	{"html", a_file},
	{"sarif", a_file},
	{"markdown", a_file},
	{"baseline", a_file},
	{"output", a_directory},
	{"resume", a_directory},
	{"acked", a_file},
	{"acked-dir", a_directory},
	{"check", a_command},
	{"check-server", a_command},
	{"recover", a_command},
	{"setup", a_command},
	{"client", a_command},
	{"ready", a_command},
	{"model", a_model},
	{"tiers", a_tier},
	{"order", "sweeps trace"},
	{"net", "own host"},
	{"io-uring", "allow"},
	{"stop", "TERM INT QUIT HUP USR1 USR2 KILL"},
	{"shard", "env"},
	{"exit-ok", "any"},
	{"fs", "ext4 xfs btrfs"},
	{"then-crash", a_model},
	{"errors", "EIO ENOSPC SHORT EINTR EROFS EDQUOT EMFILE help"},
};

static const char *value_of(const char *option)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (strcmp(values[i].option, option) == 0)
			return values[i].value;
	return NULL;
}

/* The words that a value is one of, as this shell writes a list of them. */
static void print_words(const char *value, const char *models)
{
	if (value == a_model) {
		fputs(models, stdout);
		return;
	}
	if (value != a_tier) {
		fputs(value, stdout);
		return;
	}
	for (int tier = 0; tier < CRASH__TIERS; tier++)
		printf("%s%s", tier ? " " : "", crash__tiers[tier].name);
}

static bool is_list(const char *value)
{
	return value == a_model || value == a_tier;
}

static bool has_words(const char *value)
{
	return value && value != a_file && value != a_directory && value != a_command;
}

/* ------------------------------------------------------------------ what an option does, in the words of
 * --help */

/* The help of an option begins in its line, or is all of the next one: "  --name VALUE   what it does". */
static const char *help_of(const struct crash__command *command, const struct option *option, size_t *length)
{
	const char *const texts[] = {command->help, crash__common_help};
	char word[64];
	int size = snprintf(word, sizeof word, "--%.50s", option->name);

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (const char *at = strstr(texts[i], word); at; at = strstr(at + 1, word)) {
			const char *words;

			if (strchr("-abcdefghijklmnopqrstuvwxyz", at[size]) && at[size])
				continue;
			words = strstr(at, "  ");
			if (!words || memchr(at, '\n', (size_t)(words - at)))
				continue;
			words += strspn(words, " ");
			words += strncmp(words, "instead: ", 9) == 0 ? 9 : 0;
			*length = strcspn(words, ":;.\n");
			while (*length && strchr(" ,", words[*length - 1]))
				--*length;
			return words;
		}
	*length = 0;
	return "";
}

/* Letters that would end a description in one of the shells are left out. */
static void print_help_of(const struct crash__command *command, const struct option *option)
{
	size_t length;
	const char *text = help_of(command, option, &length);

	for (size_t i = 0; i < length; i++)
		if (!strchr("'[]\\\":", text[i]))
			putchar(text[i]);
}

/* ------------------------------------------------------------------ bash */

static void print_bash_values(void)
{
	printf("\tcase $before in\n");
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const char *value = values[i].value;

		printf("\t--%s%s) ", values[i].option, strcmp(values[i].option, "output") == 0 ? "|-o" : "");
		if (value == a_file)
			printf("compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\"))");
		else if (value == a_directory)
			printf("compopt -o filenames; COMPREPLY=($(compgen -d -- \"$word\"))");
		else if (value == a_command)
			printf("COMPREPLY=($(compgen -c -- \"$word\"))");
		else {
			printf("_crashinject_%s \"", is_list(value) ? "list" : "word");
			print_words(value, "$(\"${COMP_WORDS[0]}\" models 2>/dev/null | cut -d' ' -f1)");
			putchar('"');
		}
		printf("; return ;;\n");
	}
	printf("\tesac\n");
}

static void print_bash_options(void)
{
	printf("\tcase ${COMP_WORDS[1]} in\n");
	for (const struct crash__command *const *command = crash__commands; *command; command++) {
		printf("\t%s) options='", (*command)->name);
		for (const struct option *option = (*command)->options; option->name; option++)
			printf("--%s ", option->name);
		printf("' ;;\n");
	}
	printf("\tesac\n");
}

static void print_bash(void)
{
	printf("# bash completion for crashinject; made by: crashinject completion bash\n"
	       "_crashinject_word() { COMPREPLY=($(compgen -W \"$1\" -- \"$word\")); }\n"
	       "_crashinject_list() {\n"
	       "\tlocal first=\n"
	       "\t[[ $word == *,* ]] && first=${word%%,*},\n"
	       "\tCOMPREPLY=($(compgen -P \"$first\" -W \"$1\" -- \"${word##*,}\"))\n"
	       "}\n"
	       "_crashinject() {\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options= i\n"
	       "\tCOMPREPLY=()\n"
	       "\tif ((COMP_CWORD == 1)); then\n"
	       "\t\t_crashinject_word '");
	for (const struct crash__command *const *command = crash__commands; *command; command++)
		printf("%s ", (*command)->name);
	printf("'\n\t\treturn\n\tfi\n"
	       "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	       "\t\tif [[ ${COMP_WORDS[i]} == -- ]]; then\n"
	       "\t\t\tif ((i + 1 == COMP_CWORD)); then COMPREPLY=($(compgen -c -- \"$word\")); "
	       "else compopt -o default; fi\n"
	       "\t\t\treturn\n"
	       "\t\tfi\n"
	       "\tdone\n"
	       "\t# --model=ext4 is three words\n"
	       "\t[[ $word == = ]] && word=\n"
	       "\t[[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}\n");
	print_bash_values();
	print_bash_options();
	printf("\tif [[ $word == -* ]]; then _crashinject_word \"$options\"; else compopt -o default; fi\n"
	       "}\n"
	       "complete -F _crashinject crashinject\n");
}

/* ------------------------------------------------------------------ zsh */

static void print_zsh_option(const struct crash__command *command, const struct option *option)
{
	const char *value = value_of(option->name);

	printf(" \\\n\t\t\t'--%s%s[", option->name, option->has_arg == no_argument ? "" : "=");
	print_help_of(command, option);
	putchar(']');
	if (option->has_arg != no_argument) {
		printf("%svalue:", option->has_arg == optional_argument ? "::" : ":");
		if (value == a_file)
			printf("_files");
		else if (value == a_directory)
			printf("_files -/");
		else if (value == a_command)
			printf("_command_names -e");
		else if (value) {
			printf(is_list(value) ? "_sequence compadd - " : "(");
			print_words(value, "${(f)\"$(crashinject models 2>/dev/null | cut -d\" \" -f1)\"}");
			printf(is_list(value) ? "" : ")");
		}
	}
	putchar('\'');
}

static void print_zsh(void)
{
	printf("#compdef crashinject\n# made by: crashinject completion zsh\n"
	       "_crashinject() {\n\tlocal -a commands=(");
	for (const struct crash__command *const *command = crash__commands; *command; command++)
		printf("\n\t\t'%s:%s'", (*command)->name, (*command)->summary);
	printf(")\n\tif ((CURRENT == 2)); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
	       "\tshift words\n\t((CURRENT--))\n\tcase $words[1] in\n");
	for (const struct crash__command *const *command = crash__commands; *command; command++) {
		printf("\t%s)\n\t\t_arguments -S", (*command)->name);
		for (const struct option *option = (*command)->options; option->name; option++)
			print_zsh_option(*command, option);
		printf(" \\\n\t\t\t'*::%s' ;;\n", (*command)->no_program ? "file:_files" : "program:_normal");
	}
	printf("\tesac\n}\n_crashinject \"$@\"\n");
}

/* ------------------------------------------------------------------ fish */

static void print_fish_option(const struct crash__command *command, const struct option *option)
{
	const char *value = value_of(option->name);

	printf("complete -c crashinject -n '__fish_seen_subcommand_from %s' -l %s", command->name,
	       option->name);
	if (option->has_arg != no_argument)
		printf(value == a_file || value == a_directory ? " -r -F" : " -x");
	if (value == a_command)
		printf(" -a '(__fish_complete_command)'");
	if (has_words(value)) {
		printf(" -a '%s", is_list(value) ? "(__fish_complete_list , \"printf %s\\\\n " : "");
		print_words(value, "(crashinject models | string split -f1 \\\" \\\")");
		printf("%s'", is_list(value) ? "\")" : "");
	}
	printf(" -d '");
	print_help_of(command, option);
	printf("'\n");
}

static void print_fish(void)
{
	printf("# made by: crashinject completion fish\ncomplete -c crashinject -n __fish_use_subcommand "
	       "-f\n");
	for (const struct crash__command *const *command = crash__commands; *command; command++) {
		printf("complete -c crashinject -n __fish_use_subcommand -a %s -d '%s'\n", (*command)->name,
		       (*command)->summary);
		for (const struct option *option = (*command)->options; option->name; option++)
			print_fish_option(*command, option);
	}
}

/* ------------------------------------------------------------------ the command */

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
	struct crash__options options;

	crash__options_parse(&options, &crash__cmd_completion, argc, argv, NULL, NULL);
	if (!options.program[0] || options.program[1])
		crash__die("completion: name one shell: bash, zsh or fish");
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (strcmp(shells[i].name, options.program[0]) == 0) {
			shells[i].print();
			return CRASH__EXIT_GOOD;
		}
	crash__die("completion: %s is not one of the shells bash, zsh, fish",
		   crash__shown_text(options.program[0]));
}

const struct crash__command crash__cmd_completion = {
	.name = "completion",
	.run = run,
	.options = table,
	.no_program = true,
	.arguments = "bash|zsh|fish",
	.summary = "Print what lets a shell complete the words of this command",
	.help = "An installed crashinject has these files where the shells look for them.\n\n"
		"Example:\n"
		"  eval \"$(crashinject completion bash)\"\n",
};
