package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// target is where the hostile part is, and what the agent needs to get there.
type target struct {
	Addr          string
	Path          string // of a file, or a directory of files
	Good          string // a server that this agent can reach; empty: the one of the whole run
	CA, Cert, Key []byte // PEM
}

// attack starts what is hostile, in a process of its own, and tells where it is.
type attack func(*stage) (target, error)

// stage is what an attack runs on.
type stage struct {
	ctx   context.Context
	dir   string        // for files, removed afterwards
	up    chan struct{} // closed when the agent runs
	spent atomic.Int64  // what the attack has done so far, in its own unit
	ended chan struct{} // of capacity 1: the attack has done all it does
}

// path is one in the stage's directory.
func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// done says that the attack is over. It may be said again.
func (s *stage) done() {
	select {
	case s.ended <- struct{}{}:
	default:
	}
}

// spend counts n, and reports whether the attack goes on: total is not reached.
func (s *stage) spend(n, total int64) bool {
	if s.spent.Add(n) < total {
		return true
	}
	s.done()
	return false
}

// pause waits, and reports whether the attack goes on.
func (s *stage) pause(d time.Duration) bool {
	select {
	case <-s.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// listen serves each connection in a goroutine of its own.
func (s *stage) listen(serve func(net.Conn)) (target, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return target{}, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the process is about to end
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return target{Addr: l.Addr().String()}, nil
}

// byHand is an attack that has each connection to itself, from the first byte.
func byHand(serve func(*stage, net.Conn)) attack {
	return func(s *stage) (target, error) {
		return s.listen(func(c net.Conn) { serve(s, c) })
	}
}

// write writes, and reports whether the connection took it.
func write(c io.Writer, parts ...[]byte) bool {
	for _, b := range parts {
		if _, err := c.Write(b); err != nil {
			return false
		}
	}
	return true
}

// slowly writes a byte at a time, and reports whether all was taken.
func (s *stage) slowly(c io.Writer, b []byte, every time.Duration) bool {
	for i := range b {
		if !write(c, b[i:i+1]) || !s.pause(every) {
			return false
		}
	}
	return true
}

// hold keeps the connection open and reads nothing.
func (s *stage) hold() { <-s.ctx.Done() }

// mustWrite writes a file of the attack's own.
func (s *stage) mustWrite(name string, b []byte) (string, error) {
	path := s.path(name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return "", fmt.Errorf("the attack cannot write its file: %w", err)
	}
	return path, nil
}
