package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/open-nomad/rpcproxy/testutil"
)

// onTerminal is the program, running on a pseudo terminal, and what a person sees there. One
// goroutine owns the screen: the test asks it.
type onTerminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	near   *os.File
	far    *os.File         // kept open, so that the terminal stays when the program has ended
	before unix.Termios     // how it was set
	asked  chan func(*seen) // what the owner is to do
	owner  chan struct{}    // closed when it has ended
	ended  chan error       // the program
}

// seen is a screen, and the bytes that made it.
type seen struct {
	screen *vt.Emulator
	raw    bytes.Buffer
}

// startOnTerminal starts the program. It ends with t.
func startOnTerminal(t *testing.T, columns, rows uint16, env []string, args ...string) *onTerminal {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startCommandOnTerminal(t, columns, rows, env, exe, args...)
}

// startCommandOnTerminal starts a command that may start the program. It ends with t.
func startCommandOnTerminal(t *testing.T, columns, rows uint16, env []string, name string, args ...string) *onTerminal {
	t.Helper()
	near, far, err := pty.Open()
	if err != nil {
		testutil.Unable(t, err)
	}
	if err := pty.Setsize(far, &pty.Winsize{Rows: rows, Cols: columns}); err != nil {
		testutil.Unable(t, err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 3*limit)
	x := &onTerminal{
		t: t, cmd: exec.CommandContext(ctx, name, args...), near: near, far: far,
		asked: make(chan func(*seen)), owner: make(chan struct{}), ended: make(chan error, 1),
	}
	x.cmd.Env = append(os.Environ(), asProgram+"=1", "TERM=xterm-256color", "LANG=C.UTF-8", "LC_ALL=", "NO_COLOR=", "SSH_TTY=")
	x.cmd.Env = append(x.cmd.Env, env...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = far, far, far
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	x.before = x.attributes()
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() { // until the terminal is closed
		defer close(read)
		for {
			b := make([]byte, 4096)
			n, err := near.Read(b)
			if n > 0 {
				read <- b[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	go x.own(int(columns), int(rows), read)
	go func() { x.ended <- x.cmd.Wait() }()
	t.Cleanup(func() {
		stop()
		_ = x.cmd.Process.Kill()
		_ = far.Close()
		_ = near.Close()
		<-x.owner
	})
	return x
}

// own takes what the program writes, and answers what it asks the terminal.
func (x *onTerminal) own(columns, rows int, read <-chan []byte) {
	defer close(x.owner)
	s := &seen{screen: vt.NewEmulator(columns, rows)}
	answered := make(chan struct{})
	go func() { // what the terminal answers
		defer close(answered)
		_, _ = io.Copy(x.near, s.screen)
	}()
	for read != nil {
		select {
		case b, ok := <-read:
			if !ok {
				read = nil
				break
			}
			s.raw.Write(b)
			_, _ = s.screen.Write(b)
		case f := <-x.asked:
			f(s)
		}
	}
	if in, ok := s.screen.InputPipe().(io.Closer); ok { // Close of the screen races with its Read
		_ = in.Close()
	}
	<-answered
}

// ask lets the owner do something.
func (x *onTerminal) ask(f func(*seen)) {
	done := make(chan struct{})
	select {
	case x.asked <- func(s *seen) { f(s); close(done) }:
		<-done
	case <-x.owner:
	}
}

// screen is the text on the screen, without the blanks behind lines.
func (x *onTerminal) screen() (text string) {
	x.ask(func(s *seen) {
		for line := range strings.Lines(s.screen.String()) {
			text += strings.TrimRight(line, " \n") + "\n"
		}
	})
	return text
}

// until waits until the screen is as wanted, and returns it.
func (x *onTerminal) until(what string, wanted func(screen string) bool) string {
	x.t.Helper()
	limited := time.NewTimer(limit)
	defer limited.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		screen := x.screen()
		if wanted(screen) {
			return screen
		}
		select {
		case <-tick.C:
		case <-limited.C:
			x.t.Fatalf("it does not come to be on the screen: %s\n%s", what, screen)
		}
	}
}

// sees waits until all texts are on the screen, and returns it.
func (x *onTerminal) sees(texts ...string) string {
	x.t.Helper()
	return x.until(strings.Join(texts, " | "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// types sends keys.
func (x *onTerminal) types(keys string) {
	x.t.Helper()
	if _, err := x.near.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// resize gives the terminal another size.
func (x *onTerminal) resize(columns, rows uint16) {
	x.t.Helper()
	x.ask(func(s *seen) { s.screen.Resize(int(columns), int(rows)) })
	if err := pty.Setsize(x.near, &pty.Winsize{Rows: rows, Cols: columns}); err != nil {
		x.t.Fatal(err)
	}
}

// attributes are how the terminal is set.
func (x *onTerminal) attributes() unix.Termios {
	x.t.Helper()
	a, err := unix.IoctlGetTermios(int(x.far.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return *a
}

// ends waits for the end of the program, checks that the terminal is as it was, and returns
// the exit status.
func (x *onTerminal) ends() int {
	x.t.Helper()
	status := 0
	err := <-x.ended
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
	} else if err != nil {
		x.t.Fatal(err)
	}
	const mark = "@@"
	if _, err := x.far.WriteString("\r\n" + mark); err != nil { // all that came before it is read by then
		x.t.Fatal(err)
	}
	x.sees(mark)
	x.isAsBefore()
	return status
}

// isAsBefore checks that the terminal is.
func (x *onTerminal) isAsBefore() {
	x.t.Helper()
	if now := x.attributes(); now != x.before {
		x.t.Errorf("the terminal is not set as before: %+v, was %+v", now, x.before)
	}
	x.ask(func(s *seen) {
		if s.screen.IsAltScreen() || s.screen.CursorHidden() {
			x.t.Errorf("alternate screen %v, cursor hidden %v", s.screen.IsAltScreen(), s.screen.CursorHidden())
		}
	})
}
