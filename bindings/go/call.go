// SPDX-License-Identifier: MIT

package crashinject

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// Functions as commands: the test is begun again in another process of the test's program, and where it comes to the same
// call of Explore the function is called, and the process ends.

// In the other process: "workload" or "check", the number of the call in its test, and the test.
const variable = "CRASHINJECT_CALL"

// What a process ends with that could not judge.
const failed = 70

// State is one crash state.
type State struct {
	Dir      string // the data directory, which is the working directory, too
	Acked    string // a file with all that was acknowledged before the crash
	AckedDir string `json:"acked_dir"` // a directory with a file for each stream of it
	Point    string // of the crash
	State    string // its name
}

// Acks has what was given to Ack before the crash.
func (state State) Acks() []string {
	text, err := os.ReadFile(filepath.Join(state.AckedDir, "points"))
	if err != nil || len(text) == 0 {
		return nil // nothing ever was
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

type lost struct{ text string }

func (error lost) Error() string {
	return error.text
}

// Lost is what a check returns where the state is consistent, but something that was acknowledged is gone.
func Lost(format string, args ...any) error {
	return lost{fmt.Sprintf(format, args...)}
}

var calls = struct {
	sync.Mutex
	of map[string]int
}{of: map[string]int{}}

// A test that is run again counts from one.
func numberOf(t TB) int {
	calls.Lock()
	defer calls.Unlock()
	test := t.Name()
	if calls.of[test] == 0 {
		t.Cleanup(func() {
			calls.Lock()
			defer calls.Unlock()
			delete(calls.of, test)
		})
	}
	calls.of[test]++
	return calls.of[test]
}

func quoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// A test and its subtests, as -test.run has them.
func pattern(test string) string {
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

func again(kind, test string, number int) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	call := fmt.Sprintf("%s=%s %d %s", variable, kind, number, test)
	return fmt.Sprintf("exec env %s %s -test.run=%s -test.count=1", quoted(call), quoted(program), quoted(pattern(test))), nil
}

// In a process that was started for one of the functions it does not return.
func call(options Options, test string, number int) {
	switch os.Getenv(variable) {
	case fmt.Sprintf("workload %d %s", number, test):
		os.Unsetenv(variable)
		work(options.Run)
	case fmt.Sprintf("check %d %s", number, test):
		os.Unsetenv(variable)
		serve(options.Look)
	}
}

// Whether this process is for another call of Explore.
func forAnother() bool {
	return os.Getenv(variable) != ""
}

func withCommands(options Options, test string, number int) (Options, error) {
	if (options.Run != nil && options.Workload != "") || (options.Look != nil && options.Check != "") {
		return options, errors.New("a function or a command, not both")
	}
	var err error
	if options.Run != nil {
		options.Workload, err = again("workload", test, number)
	}
	if err == nil && options.Look != nil {
		options.Check, err = again("check", test, number)
	}
	return options, err
}

func work(run func(string) error) {
	if err := run(os.Getenv("CRASH_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func judged(look func(State) error, state State) map[string]string {
	err := os.Chdir(state.Dir)
	if err == nil {
		err = look(state)
	}
	switch {
	case err == nil:
		return map[string]string{"verdict": "ok"}
	case errors.As(err, &lost{}):
		return map[string]string{"verdict": "lost", "text": err.Error()}
	default:
		return map[string]string{"verdict": "inconsistent", "text": err.Error()}
	}
}

// What the check prints is no answer.
func serve(look func(State) error) {
	answers := json.NewEncoder(os.Stdout)
	os.Stdout = os.Stderr
	questions := bufio.NewReader(os.Stdin)
	for {
		line, err := questions.ReadBytes('\n')
		if err != nil {
			os.Exit(0)
		}
		var state State
		if err := json.Unmarshal(line, &state); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(failed)
		}
		answer := judged(look, state)
		if os.Chdir("/") != nil || answers.Encode(answer) != nil {
			os.Exit(failed)
		}
	}
}
