// SPDX-License-Identifier: MIT

package crashinject

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Options of Explore. Workload and Check are commands for the shell: the workload finds its data directory in
// $CRASH_DIR, and for the check a crash state is the working directory.
type Options struct {
	Workload, Check string
	Models          []string // "ext4", "posix", ...; none: the command's choice
	Dir             string   // the data directory; "": a new one
	More            []string // other options of crashinject-explore(1)
}

// TB is what Explore needs of a *testing.T.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
	TempDir() string
}

// Finding is a cause of failing crash states.
type Finding struct {
	ID, Kind, Sentence, Output, Replay string
	Repair, Advice                     *string
	Accepted                           bool
}

func (finding Finding) String() string {
	text := finding.Kind + ": " + finding.Sentence
	if finding.Repair != nil {
		text += "\n  repair: " + *finding.Repair
	}
	if finding.Advice != nil {
		text += "\n  advice: " + *finding.Advice
	}
	return text + "\n  replay: " + finding.Replay + "\n  the check said: " + strings.TrimSpace(finding.Output)
}

type summary struct {
	Checked int
	Seconds float64
	Reasons []string `json:"incomplete_reasons"`
}

type object struct {
	Finding *Finding
	Summary *summary
}

func command(options Options, directory string) *exec.Cmd {
	name := os.Getenv("CRASHINJECT")
	if name == "" {
		name = "crashinject"
	}
	words := []string{"explore", "--json", "--dir", directory, "--check", options.Check}
	if len(options.Models) > 0 {
		words = append(words, "--model="+strings.Join(options.Models, ","))
	}
	words = append(words, options.More...)
	return exec.Command(name, append(words, "--", "/bin/sh", "-c", options.Workload)...)
}

// Finds runs the workload once, checks every state that a crash can leave, and returns what it has found and a line
// about it. Who asks twice for the same thing may want Explore.
func Finds(options Options, directory string) ([]Finding, string, error) {
	var found []Finding
	var end *summary
	var said bytes.Buffer
	run := command(options, directory)
	run.Stderr = &said
	out, err := run.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, "", err
	}
	for _, line := range bytes.Split(out, []byte("\n")) {
		var each object
		if json.Unmarshal(line, &each) != nil {
			continue
		}
		if each.Finding != nil && !each.Finding.Accepted {
			found = append(found, *each.Finding)
		}
		if each.Summary != nil {
			end = each.Summary
		}
	}
	if len(found) > 0 {
		return found, "", nil
	}
	if err != nil && end != nil && exit.ExitCode() == 3 {
		return nil, "", errors.New("incomplete: " + strings.Join(end.Reasons, "; "))
	}
	if err != nil || end == nil {
		return nil, "", fmt.Errorf("crashinject explore: %v: %s%s", err, said.String(), out)
	}
	return nil, fmt.Sprintf("crash-safe: %d states checked, none failed, %.1f s", end.Checked, end.Seconds), nil
}

// Explore fails the test if a crash can leave a state that the check does not accept, or if that is not known.
func Explore(t TB, options Options) {
	t.Helper()
	directory := options.Dir
	if directory == "" {
		directory = t.TempDir()
	}
	found, line, err := Finds(options, directory)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(found) == 0 {
		t.Logf("%s", line)
		return
	}
	text := fmt.Sprintf("%d found", len(found))
	for _, each := range found {
		text += "\n" + each.String()
	}
	t.Fatalf("%s", text)
}
