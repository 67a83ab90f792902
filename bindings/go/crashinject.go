// SPDX-License-Identifier: MIT

// Package crashinject names the places where a crash is interesting, and what a program has promised, and explores
// what crashes can leave. Without crashinject around the program, Point, Ack and Note do nothing.
package crashinject

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

var channel = channelOf(os.Getenv("CRASH_FD"))

func channelOf(number string) int {
	fd, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return fd
}

// One write: the process is held in it. An error means that the run is over.
func say(line string) {
	for {
		if _, err := syscall.Write(channel, []byte(line)); err != syscall.EINTR {
			return
		}
	}
}

// Point is a place where a crash is interesting, for instance "wal.mid-frame".
func Point(name string) {
	if channel >= 0 {
		say("point " + name + "\n")
	}
}

// Ack says what has been promised by now: it has to be there after every crash that comes later.
func Ack(text string) {
	if channel >= 0 {
		say("ack " + strings.ReplaceAll(text, "\n", "\nack ") + "\n")
	}
}

// Note says what crashinject list is to show between the operations.
func Note(key, value string) {
	if channel >= 0 {
		say("note " + key + " " + strings.ReplaceAll(value, "\n", " ") + "\n")
	}
}
