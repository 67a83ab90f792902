/* SPDX-License-Identifier: MIT */
#include "cli/stopping.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"

/* So long may it take to say what is known: what takes longer is ended, and can be resumed. */
#define MOST_SECONDS 10

_Atomic bool crash__stop;
static volatile sig_atomic_t stopped_by;
static pid_t started_as;
static char early_text[160];

static void on_signal(int signal)
{
	if (atomic_exchange(&crash__stop, true)) /* twice, or too late: at once */
		_exit(128 + (signal == SIGALRM ? stopped_by : signal));
	stopped_by = signal;
	alarm(MOST_SECONDS);
}

static void on_early_signal(int signal)
{
	/* processes that watch over the program have the handler, too */
	if (getpid() == started_as && write(STDERR_FILENO, early_text, strlen(early_text)) < 0)
		_exit(128 + signal);
	raise(signal); /* SA_RESETHAND: that ends us */
}

static void catch_signals(void (*handler)(int), int flags)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	started_as = getpid();
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_signal}, NULL);
}

void crash__stop_early(const char *nothing)
{
	snprintf(early_text, sizeof early_text, CRASH__PROGRAM_NAME ": interrupted while recording: %s\n",
		 nothing);
	catch_signals(on_early_signal, SA_RESETHAND | SA_NODEFER);
}

void crash__stop_catch(void)
{
	catch_signals(on_signal, 0);
}
