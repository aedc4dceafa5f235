//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAScenarioIsReadFromAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(pipe, []byte(small), 0o600) }()
	out, errs, status := program(t, "simulate", pipe, "--policy", "shuffle")
	expect(t, status, exitOK, out, errs)
	if err := <-written; err != nil || !strings.Contains(out, "60 clients") {
		t.Errorf("%v\n%s", err, out)
	}
	// A plot does not go into one: nobody may read it.
	_, errs, status = program(t, "simulate", "kill", "--plot", link(t, pipe))
	if status != exitUsage || !strings.Contains(errs, `x.svg" cannot be written: it is no regular file`) {
		t.Errorf("%d %q", status, errs)
	}
}

// link is a link to a file, named as a plot.
func link(t *testing.T, to string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.svg")
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
	return path
}
