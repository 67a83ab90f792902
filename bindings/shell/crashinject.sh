# SPDX-License-Identifier: MIT
# crashinject.sh - points and acknowledgements for the shell, and exploring as a function. Read it with ".".
#
#	crash_point NAME		a place where a crash is interesting
#	crash_ack TEXT			what has been promised by now
#	crash_note KEY VALUE		what the list of a run is to show
#	crash_explore [OPTION]... --check COMMAND -- PROGRAM [ARGUMENT]...
#
# Without crashinject the first three do nothing. Needs nothing but a POSIX shell.

crash__say()
{
	# a shell of digits like dash's cannot write to a descriptor of two
	if [ -e "/proc/self/fd/$CRASH_FD" ]; then
		printf '%s\n' "$1" >>"/proc/self/fd/$CRASH_FD"
	elif [ -n "${CRASH_FD_PATH-}" ] && [ -e "$CRASH_FD_PATH" ]; then
		printf '%s\n' "$1" >>"$CRASH_FD_PATH"
	fi
}

crash_point()
{
	[ -z "${CRASH_FD-}" ] || crash__say "point $1"
}

crash_ack()
{
	[ -z "${CRASH_FD-}" ] || crash__say "ack $1"
}

crash_note()
{
	[ -z "${CRASH_FD-}" ] || crash__say "note $1 $2"
}

# Succeeds, and prints one line, if every crash state passes the check; else prints what was found.
crash_explore()
{
	crash__output=$("${CRASHINJECT:-crashinject}" explore "$@" 2>&1)
	crash__status=$?
	if [ "$crash__status" -eq 0 ]; then
		printf '%s\n' "$crash__output" | sed -n 's/^\(.* checked.*\)$/crash-safe: \1/p' | tail -n 1
	else
		printf '%s\n' "$crash__output" >&2
	fi
	return "$crash__status"
}
