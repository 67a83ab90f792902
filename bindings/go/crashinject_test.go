// SPDX-License-Identifier: MIT

package crashinject

import (
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

func TestThePlantedBugIsFound(t *testing.T) {
	t.Setenv("STORE_BUG", "1")
	found, _, err := Finds(options(store(t)), t.TempDir())
	if err != nil || len(found) == 0 {
		t.Fatalf("found %v: %v", found, err)
	}
	text := found[0].String()
	if !strings.Contains(text, "repair: fsync of value.new before rename") ||
		!strings.Contains(text, "replay: crashinject replay ") {
		t.Fatal(text)
	}
}

func TestWhatCannotBeExploredIsAnError(t *testing.T) {
	if _, _, err := Finds(Options{Workload: "exit 1", Check: "true"}, t.TempDir()); err == nil ||
		!strings.HasPrefix(err.Error(), "incomplete: ") {
		t.Fatal(err)
	}
}
