//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// process is the program, running as a process of its own.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of its standard error; closed at its end
	seen  []string
	ended chan error
	out   bytes.Buffer // its standard output; to be read once it has ended
}

// run starts the program with its arguments. It ends with t.
func startProcess(t *testing.T, env []string, files []*os.File, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*limit)
	t.Cleanup(stop)
	// The sockets that systemd hands over are those of the process it has started.
	script := `LISTEN_PID=$$; export LISTEN_PID; exec "$0" "$@"`
	p := &process{t: t, cmd: exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", script, exe}, args...)...), lines: make(chan string, 1024), ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.ExtraFiles = files
	if len(files) > 0 {
		p.cmd.Env = append(p.cmd.Env, fmt.Sprintf("LISTEN_FDS=%d", len(files)))
	}
	p.cmd.Stdout = &p.out
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		scan := bufio.NewScanner(stderr)
		for scan.Scan() {
			p.lines <- scan.Text()
		}
		close(p.lines)
		p.ended <- p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		for range p.lines { // until the end
		}
	})
	return p
}

// says waits for a line of the log with all of these texts, and returns it.
func (p *process) says(texts ...string) map[string]any {
	p.t.Helper()
	for line := range p.lines {
		p.seen = append(p.seen, line)
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			fields := map[string]any{}
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				p.t.Fatalf("%s: %v", line, err)
			}
			return fields
		}
	}
	p.t.Fatalf("it did not say %q, but\n%s", texts, strings.Join(p.seen, "\n"))
	return nil
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits for its end, and fails t if its exit status is not 0.
func (p *process) ends() {
	p.t.Helper()
	for line := range p.lines {
		p.seen = append(p.seen, line)
	}
	if err := <-p.ended; err != nil {
		p.t.Fatalf("%v\n%s", err, strings.Join(p.seen, "\n"))
	}
}

// leaderThrough is the leader's address by a call through the sidecar at addr.
func leaderThrough(t *testing.T, addr string, flags ...string) string {
	t.Helper()
	args := append([]string{"call", "Status.Leader", ample, "--servers", addr}, flags...)
	out, errs, status := program(t, args...)
	expect(t, status, exitOK, out, errs)
	return strings.Trim(string(bytes.TrimSpace([]byte(out))), `"`)
}
