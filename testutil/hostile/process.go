package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// process is this program again, in a role.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // what it prints; closed at its end
	log   *tailWriter
}

// launch starts it and gives it its order.
func launch(role string, o order) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self), lines: make(chan string, 16), log: new(tailWriter)}
	p.cmd.Env = append(os.Environ(), roleVar+"="+role)
	p.cmd.Stderr = p.log
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		r := bufio.NewReader(out)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				_ = p.cmd.Wait() // why it ended is in its log, or it was told to
				return
			}
			p.lines <- strings.TrimSpace(line)
		}
	}()
	line, err := json.Marshal(o)
	if err == nil {
		_, err = p.in.Write(append(line, '\n'))
	}
	return p, err
}

// say sends a word; a process that has ended needs none.
func (p *process) say(word string) { _, _ = io.WriteString(p.in, word+"\n") }

// await is the next line that the process prints, within a time.
func (p *process) await(what string, limit time.Duration) (string, error) {
	select {
	case line, ok := <-p.lines:
		if !ok {
			return "", fmt.Errorf("it ended before %s: %s", what, p.log)
		}
		return line, nil
	case <-time.After(limit):
		return "", fmt.Errorf("no sign of %s after %v", what, limit)
	}
}

// end ends the process and waits for that.
func (p *process) end() {
	_ = p.in.Close()
	_ = p.cmd.Process.Kill() // one that has ended does not mind
	for range p.lines {
	}
}

// tailWriter keeps the beginning of what is logged: how a program that panicked did so.
// It is read when its process has ended.
type tailWriter struct{ b bytes.Buffer }

func (w *tailWriter) Write(b []byte) (int, error) {
	const most = 4096
	w.b.Write(b[:min(len(b), max(0, most-w.b.Len()))])
	return len(b), nil
}

func (w *tailWriter) String() string { return strings.TrimSpace(w.b.String()) }
