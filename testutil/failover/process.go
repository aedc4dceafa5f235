//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// process is one of this program's own, in a namespace, that plays a role.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ended bool // known to the rig only after the event
}

// event is a line of a process, or its end.
type event struct {
	from  *process
	line  record
	ended bool // it is the last event
}

// launch starts this program again, in a namespace. It dies with the rig: it
// sees its input end, and the kernel kills it if it is too frozen for that. What
// it prints comes as events; what it logs goes to log.
func launch(namespace string, events chan<- event, log io.Writer, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("ip", append([]string{"netns", "exec", namespace, self}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = log
	p := &process{cmd: cmd}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start a process in namespace %s: %w", namespace, err)
	}
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			e := event{from: p}
			if json.Unmarshal(lines.Bytes(), &e.line) == nil {
				events <- e
			}
		}
		_ = cmd.Wait() // how it ended is in its log
		events <- event{from: p, ended: true}
	}()
	return p, nil
}

// signal sends a signal; a process that has ended does not mind.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// send writes one line to the process.
func (p *process) send(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err) // the rig's own types
	}
	_, _ = p.stdin.Write(append(line, '\n')) // one that has ended needs no orders
}
