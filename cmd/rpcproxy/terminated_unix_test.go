//go:build unix

package main

import (
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// The statuses are those that shells and service managers expect; the figures up to then are
// printed either way.
func TestSignalsEndTheProgramWithTheirStatusAndItsFigures(t *testing.T) {
	for s, want := range map[syscall.Signal]int{syscall.SIGINT: exitInterrupted, syscall.SIGTERM: exitTerminated} {
		c := startCluster(t)
		p := startProcess(t, nil, nil, "ping", ample, "--servers", c.Addrs()[0], "--count", "1000000", "--interval", "1ms")
		await(t, c.Server(0), "Status.Ping", 3)
		p.signal(s)
		for line := range p.lines {
			p.seen = append(p.seen, line)
		}
		ended, ok := errors.AsType[*exec.ExitError](<-p.ended)
		if !ok || ended.ExitCode() != want || !strings.Contains(strings.Join(p.seen, "\n"), "interrupted") {
			t.Errorf("%v: %v, want %d; %q", s, ended, want, p.seen)
		}
		if out := p.out.String(); !strings.Contains(out, "/1000000") || !strings.Contains(out, "SERVER") {
			t.Errorf("%v: no figures in %q", s, out)
		}
	}
}

// await waits until a server has had a method so often.
func await(t *testing.T, s *testutil.Server, method string, times int64) {
	t.Helper()
	limited := time.NewTimer(limit)
	defer limited.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.Counts().Methods[method] < times {
		select {
		case <-tick.C:
		case <-limited.C:
			t.Fatalf("%s was not called %d times", method, times)
		}
	}
}
