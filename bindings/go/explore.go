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
// $CRASH_DIR, and for the check a crash state is the working directory. Instead of either there may be a function, which
// is called in another process: this test is begun there again, and does not come further than to Explore.
type Options struct {
	Workload, Check string
	Run             func(directory string) error // the workload
	Look            func(state State) error      // the check: nil accepts; Lost(...) if something acknowledged is gone
	Models          []string                     // "ext4", "posix", ...; none: the command's choice
	Dir             string                       // the data directory; "": a new one
	More            []string                     // other options of crashinject-explore(1)
}

// TB is what Explore needs of a *testing.T.
type TB interface {
	Helper()
	Name() string
	Cleanup(func())
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
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
	Checked     int
	Seconds     float64
	Complete    bool
	Reasons     []string `json:"incomplete_reasons"`
	FinalOutput *string  `json:"final_output"`
}

type object struct {
	Finding *Finding
	Summary *summary
}

func command(options Options, directory, result string) *exec.Cmd {
	name := os.Getenv("CRASHINJECT")
	if name == "" {
		name = "crashinject"
	}
	words := []string{"explore", "--json", "--dir", directory}
	if result != "" {
		words = append(words, "--output", result)
	}
	if options.Look != nil {
		words = append(words, "--check-server", options.Check)
	} else {
		words = append(words, "--check", options.Check)
	}
	if len(options.Models) > 0 {
		words = append(words, "--model="+strings.Join(options.Models, ","))
	}
	words = append(words, options.More...)
	return exec.Command(name, append(words, "--", "/bin/sh", "-c", options.Workload)...)
}

// Whether the result is where the caller said, or nowhere.
func keepsItself(options Options) bool {
	for _, option := range options.More {
		word := strings.SplitN(option, "=", 2)[0]
		if strings.HasPrefix(word, "-o") || word == "--output" || word == "--resume" || word == "--finding" {
			return true
		}
	}
	return false
}

// Result of an exploration.
type Result struct {
	Findings  []Finding // but those that were accepted
	Reasons   []string  // why something may have been missed
	Checked   int       // states
	Directory string    // result and recording; "": all was good
	seconds   float64
}

// Safe says that nothing was found, and nothing may have been missed.
func (result *Result) Safe() bool {
	return len(result.Findings) == 0 && len(result.Reasons) == 0
}

func (result *Result) String() string {
	if result.Safe() {
		return fmt.Sprintf("crash-safe: %d states checked, none failed, %.1f s", result.Checked, result.seconds)
	}
	text := fmt.Sprintf("%d found", len(result.Findings))
	for _, each := range result.Findings {
		text += "\n" + each.String()
	}
	for _, reason := range result.Reasons {
		text += "\nincomplete: " + reason
	}
	if result.Directory != "" {
		text += "\nthe result is in " + result.Directory
	}
	return text
}

func read(out []byte) (result *Result, end *summary) {
	result = &Result{}
	for _, line := range bytes.Split(out, []byte("\n")) {
		var each object
		if json.Unmarshal(line, &each) != nil {
			continue
		}
		if each.Finding != nil && !each.Finding.Accepted {
			result.Findings = append(result.Findings, *each.Finding)
		}
		if each.Summary != nil {
			end = each.Summary
			result.Reasons, result.Checked, result.seconds = end.Reasons, end.Checked, end.Seconds
		}
	}
	return result, end
}

func explore(options Options, directory, kept string) (*Result, error) {
	var said bytes.Buffer
	run := command(options, directory, kept)
	run.Stderr = &said
	out, err := run.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	result, end := read(out)
	status := run.ProcessState.ExitCode()
	if end != nil && ((status == 0 && end.Complete && result.Safe()) || (status == 1 && len(result.Findings) > 0) ||
		(status == 3 && len(result.Reasons) > 0)) {
		return result, nil
	}
	text := said.String()
	if end != nil && end.FinalOutput != nil {
		text += ": " + *end.FinalOutput
	}
	return nil, fmt.Errorf("crashinject explore: exit status %d: %s", status, text)
}

// Explored runs the workload once and checks every state that a crash can leave. An error means that it could not be
// explored. Without functions; a test wants Explore.
func Explored(options Options) (*Result, error) {
	directory, kept := options.Dir, ""
	var err error
	if directory == "" {
		if directory, err = os.MkdirTemp("", "crashinject-data-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(directory)
	}
	if !keepsItself(options) {
		if kept, err = os.MkdirTemp("", "crashinject-"); err != nil {
			return nil, err
		}
	}
	result, err := explore(options, directory, kept)
	if err != nil || result.Safe() {
		os.RemoveAll(kept)
	} else {
		result.Directory = kept
	}
	return result, err
}

// Explore fails the test if a crash can leave a state that the check does not accept, or if that is not known.
func Explore(t TB, options Options) {
	t.Helper()
	number := numberOf(t)
	call(options, t.Name(), number)
	if forAnother() {
		return
	}
	options, err := withCommands(options, t.Name(), number)
	var result *Result
	if err == nil {
		result, err = Explored(options)
	}
	switch {
	case err != nil:
		t.Fatalf("%v", err)
	case !result.Safe():
		t.Fatalf("%s", result)
	default:
		t.Logf("%s", result)
	}
}
