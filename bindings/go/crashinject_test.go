// SPDX-License-Identifier: MIT

package crashinject

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The store, built once.
func store(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "store")
	if out, err := exec.Command("go", "build", "-o", path, "./example").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func options(store string) Options {
	return Options{Workload: "exec " + store + " save 1 2", Check: store + " check", Models: []string{"posix"}}
}

func TestNothingIsWrittenWithoutTheVariable(t *testing.T) {
	if channelOf("") != -1 || channelOf("x") != -1 || channelOf("7") != 7 {
		t.Fatal("the variable is not read as it should be")
	}
	directory := t.TempDir()
	run := exec.Command(store(t), "save", "1")
	run.Env = append(os.Environ(), "CRASH_DIR="+directory)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestItIsKilledAtThePoint(t *testing.T) {
	directory := t.TempDir()
	run := exec.Command(os.Getenv("CRASHINJECT"), "run", "-q", "--dir", directory, "--at", "store.written#2", "--",
		store(t), "save", "1", "2")
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	value, _ := os.ReadFile(filepath.Join(directory, "value"))
	if string(value) != "1" {
		t.Fatalf("it has %q", value)
	}
}

func TestWhatIsRightPasses(t *testing.T) {
	Explore(t, options(store(t)))
}

func assertHas(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Fatalf("no %q in: %s", part, text)
		}
	}
}

func TestThePlantedBugIsFound(t *testing.T) {
	t.Setenv("STORE_BUG", "1")
	result, err := Explored(options(store(t)))
	if err != nil || len(result.Findings) == 0 {
		t.Fatalf("found %v: %v", result, err)
	}
	defer os.RemoveAll(result.Directory)
	assertHas(t, result.String(), "found\n", "repair: fsync of value.new before rename",
		"replay: crashinject replay ", "the result is in "+result.Directory)
}

func TestWhatMayHaveMissedSomethingIsNotSafe(t *testing.T) {
	result, err := Explored(Options{Workload: "echo x >$CRASH_DIR/f; exit 1", Check: "true"})
	if err != nil || result.Safe() {
		t.Fatal(result, err)
	}
	defer os.RemoveAll(result.Directory)
	assertHas(t, result.String(), "0 found\nincomplete: ")
}

// What a test that calls Explore is told.
type told struct {
	*testing.T
	fatal string
}

// Removes what was kept of it.
func (t *told) forget() {
	if at := strings.LastIndex(t.fatal, "\nthe result is in "); at >= 0 {
		os.RemoveAll(t.fatal[at+len("\nthe result is in "):])
	}
}

func (t *told) Fatalf(format string, args ...any) {
	t.fatal = fmt.Sprintf(format, args...)
}

func save(directory string, sync bool) error {
	path := filepath.Join(directory, "value")
	for _, value := range []string{"1", "2"} {
		file, err := os.Create(path + ".new")
		if err != nil {
			return err
		}
		if _, err = file.WriteString(value); err == nil && sync {
			err = file.Sync()
		}
		if err != nil {
			return err
		}
		file.Close()
		if err = os.Rename(path+".new", path); err != nil {
			return err
		}
		parent, err := os.Open(directory)
		if err != nil || parent.Sync() != nil {
			return errors.New("the directory")
		}
		parent.Close()
		Ack(value)
	}
	return nil
}

func look(state State) error {
	acks := state.Acks()
	if len(acks) == 0 {
		return nil
	}
	there, err := os.ReadFile("value")
	if err != nil || len(there) != 1 {
		return fmt.Errorf("there is %q: %v", there, err)
	}
	if string(there) < acks[len(acks)-1] {
		return Lost("acknowledged %v, there is %s", acks, there)
	}
	return nil
}

// Both calls are in one test, and capture what is here.
func TestFunctionsAreCalledInOtherProcesses(t *testing.T) {
	right, wrong := true, false
	safe := &told{T: t}
	Explore(safe, Options{Look: look, Models: []string{"posix"},
		Run: func(directory string) error { return save(directory, right) }})
	if safe.fatal != "" {
		t.Fatal(safe.fatal)
	}
	found := &told{T: t}
	Explore(found, Options{Look: look, Models: []string{"posix"},
		Run: func(directory string) error { return save(directory, wrong) }})
	assertHas(t, found.fatal, "repair: fsync of value.new before rename", "the check said: there is \"\"",
		"the result is in ")
	found.forget()
}

func TestACheckThatRefusesEverythingIsAnError(t *testing.T) {
	refused := &told{T: t}
	Explore(refused, Options{Run: func(directory string) error { return save(directory, true) },
		Look: func(State) error { return errors.New("never right") }})
	assertHas(t, refused.fatal, "exit status 125", "never right")
}

// In another process the call is not reached, so nothing was judged.
func TestACallThatIsNotReachedIsNoAllClear(t *testing.T) {
	if forAnother() {
		return
	}
	missed := &told{T: t}
	Explore(missed, Options{Workload: "echo x >$CRASH_DIR/f", Look: look})
	assertHas(t, missed.fatal, "incomplete: ")
	missed.forget()
	missed = &told{T: t}
	Explore(missed, Options{Run: func(string) error { return nil }, Check: "true"})
	assertHas(t, missed.fatal, "incomplete: the program changed nothing")
	missed.forget()
}
