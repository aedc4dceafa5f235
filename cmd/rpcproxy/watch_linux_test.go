package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// watchOn starts watch on a terminal, for all servers of a cluster, and waits until one is in
// front.
func watchOn(t *testing.T, c *testutil.Cluster, columns, rows uint16, env ...string) *onTerminal {
	t.Helper()
	x := startOnTerminal(t, columns, rows, env, "watch", ample, "--servers", strings.Join(c.Addrs(), ","), "--interval", "100ms")
	x.sees("3 servers", "in front for", "2.0.6")
	return x
}

// inFront is the server that is in front on a screen.
func inFront(screen string) string {
	for line := range strings.Lines(screen) {
		if addr, _, found := strings.Cut(line, " in front for "); found {
			return strings.TrimSpace(addr)
		}
	}
	return ""
}

func TestAFailoverAppearsOnTheTerminalAndQRestoresIt(t *testing.T) {
	c := startCluster(t)
	x := watchOn(t, c, 80, 24)
	screen := x.sees("SERVER", "STATE", "LOSS", "LEADER", "VERSION", "▁", "q quit  p pause  e explain  ? help")
	front := inFront(screen)
	if c.ServerAt(front) == nil {
		t.Fatalf("%q is in front:\n%s", front, screen)
	}
	for i, s := range c.Servers() {
		if s.Addr() == front {
			c.Kill(i)
		}
	}
	// A probe that was under way was cut, the next one is refused: why it failed is one or the other.
	screen = x.sees("WARN failing over "+front+" -> ", "WARN "+front+" failed: ", "3 servers, 1 failed", "×")
	t.Logf("the screen:\n%s", screen)
	if now := inFront(screen); now == front || now == "" {
		t.Errorf("%q is in front", now)
	}
	x.types("q")
	if status := x.ends(); status != exitOK {
		t.Errorf("status %d", status)
	}
	if after := x.screen(); strings.Contains(after, "SERVER") {
		t.Errorf("it is still there:\n%s", after)
	}
}

func TestKeysLeadThroughThePages(t *testing.T) {
	c := startCluster(t)
	x := watchOn(t, c, 80, 24)
	second, third := c.Addrs()[1], c.Addrs()[2]
	x.sees("> " + c.Addrs()[0])
	x.types("j")
	x.sees("> "+second, second+" ")
	x.types("\x1b[B\x1b[B\x1b[B")
	x.sees("> " + third)
	x.types("\x1b[A")
	x.sees("> " + second)
	x.types("e")
	x.sees("why 127.0.0.1:", "is in front", "#1 the start", "publish epoch 1")
	x.types("?")
	x.sees("up, down", "select a server")
	x.types("\x1b")
	x.sees("> " + second)
	x.types("p")
	x.sees("paused")
	c.Kill(2)
	await(t, c.Server(0), "Status.Ping", c.Server(0).Counts().Methods["Status.Ping"]+3) // more was seen meanwhile
	if screen := x.screen(); strings.Contains(screen, "WARN") {
		t.Errorf("it does not stand still:\n%s", screen)
	}
	x.types(" ")
	x.until("it goes on", func(s string) bool {
		return !strings.Contains(s, "paused") && strings.Contains(s, "WARN "+third+" failed")
	})
	x.types("q")
	if status := x.ends(); status != exitOK {
		t.Errorf("status %d", status)
	}
}

func TestTheScreenFollowsTheSizeOfTheTerminal(t *testing.T) {
	c := startCluster(t)
	x := watchOn(t, c, 80, 24)
	x.resize(44, 12)
	x.until("fewer columns", func(s string) bool {
		return strings.Contains(s, "RTT ms") && !strings.Contains(s, "VERSION") && !strings.Contains(s, "? help")
	})
	x.resize(150, 40)
	screen := x.until("more columns", func(s string) bool { return strings.Contains(s, "WHY") && strings.Contains(s, "? help") })
	if first, _, _ := strings.Cut(screen, "\n"); len(first) != 150 || !strings.HasSuffix(first, "? help") {
		t.Errorf("%q", first)
	}
	x.resize(10, 2)
	x.until("hardly anything", func(s string) bool {
		return strings.HasPrefix(s, "3 servers") && !strings.Contains(s, "SERVER")
	})
	x.types("q")
	if status := x.ends(); status != exitOK {
		t.Errorf("status %d", status)
	}
}

func TestSignalsAndCtrlCRestoreTheTerminal(t *testing.T) {
	c := startCluster(t)
	for _, end := range []struct {
		signal syscall.Signal // 0: a key
		want   int
	}{{0, exitInterrupted}, {syscall.SIGINT, exitInterrupted}, {syscall.SIGTERM, exitTerminated}} {
		x := watchOn(t, c, 80, 24)
		if end.signal == 0 {
			x.types("\x03")
		} else if err := x.cmd.Process.Signal(end.signal); err != nil {
			t.Fatal(err)
		}
		if status := x.ends(); status != end.want {
			t.Errorf("%v: status %d, want %d", end.signal, status, end.want)
		}
		if after := x.screen(); !strings.Contains(after, "rpcproxy: interrupted") {
			t.Errorf("%v: %s", end.signal, after)
		}
	}
}

func TestCtrlZGivesTheTerminalToTheShellAndFgBringsTheScreenBack(t *testing.T) {
	c := startCluster(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const script = `set -m; "$0" "$@"; echo "STOPPED $?"; read go; fg; echo "ENDED $?"`
	x := startCommandOnTerminal(t, 80, 24, nil, "/bin/sh", "-c", script, exe,
		"watch", ample, "--servers", strings.Join(c.Addrs(), ","), "--interval", "100ms")
	x.sees("3 servers", "in front for")
	x.types("\x1a")
	x.sees("STOPPED 148") // SIGTSTP, as shells report it
	x.isAsBefore()
	x.types("\r")
	x.sees("3 servers", "in front for")
	c.Kill(1)
	x.sees("WARN " + c.Addrs()[1] + " failed")
	x.types("q")
	x.sees("ENDED 0")
	if status := x.ends(); status != exitOK {
		t.Errorf("status %d", status)
	}
}

// The program leads a session of its own here, as behind docker exec: nothing would continue it.
func TestCtrlZWithoutAShellShowsTheScreenAgain(t *testing.T) {
	c := startCluster(t)
	x := watchOn(t, c, 80, 24)
	x.types("\x1a")
	x.until("the screen again", func(screen string) (again bool) {
		x.ask(func(s *seen) { again = bytes.Count(s.raw.Bytes(), []byte("\x1b[?1049h")) == 2 })
		return again && strings.Contains(screen, "in front for")
	})
	x.types("q")
	if status := x.ends(); status != exitOK {
		t.Errorf("status %d", status)
	}
}

// colored is a color in a sequence of SGR.
var colored = regexp.MustCompile(`\x1b\[[0-9;]*\b(3[0-7]|38|48)[0-9;]*m`)

func TestColorsAreThereUnlessNoColorIsSet(t *testing.T) {
	c := startCluster(t)
	for env, want := range map[string]bool{"NO_COLOR=": true, "NO_COLOR=1": false} {
		x := watchOn(t, c, 80, 24, env)
		x.types("q")
		x.ends()
		x.ask(func(s *seen) {
			if got := colored.Match(s.raw.Bytes()); got != want {
				t.Errorf("%s: colors are %v: %q", env, got, s.raw.String())
			}
		})
	}
}

func TestATerminalThatUnderstandsNothingGetsLines(t *testing.T) {
	c := startCluster(t)
	for _, env := range []string{"TERM=dumb", "TERM="} {
		x := startOnTerminal(t, 200, 24, []string{env}, "watch", ample, "--servers", strings.Join(c.Addrs(), ","), "--interval", "100ms")
		x.sees("INFO " + c.Addrs()[0] + " alive, ")
		x.sees("INFO " + c.Addrs()[1] + " alive, ")
		if err := x.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if status := x.ends(); status != exitTerminated {
			t.Errorf("%s: status %d", env, status)
		}
		x.ask(func(s *seen) {
			if strings.Contains(s.raw.String(), "\x1b") {
				t.Errorf("%s: %q", env, s.raw.String())
			}
		})
	}
}

// A pipe is no place for a screen, even if there is a terminal elsewhere.
func TestAPipeGetsLinesAndEndsWithItsReader(t *testing.T) {
	c := startCluster(t)
	p := startProcess(t, []string{"TERM=xterm"}, nil, "watch", ample, "--servers", strings.Join(c.Addrs(), ","), "--interval", "100ms")
	await(t, c.Server(2), "Status.Ping", 5)
	p.signal(syscall.SIGTERM)
	for line := range p.lines {
		p.seen = append(p.seen, line)
	}
	ended, ok := errors.AsType[*exec.ExitError](<-p.ended)
	if !ok || ended.ExitCode() != exitTerminated {
		t.Errorf("%v", ended)
	}
	out := p.out.String()
	if strings.Contains(out, "\x1b") || !strings.Contains(out, "INFO "+c.Addrs()[2]+" alive") {
		t.Errorf("%q", out)
	}
}
