//go:build unix

package main

import (
	"net"
	"os"
	"syscall"
	"time"
)

// special are oddities that a system of this sort has.
func special() []oddity {
	return []oddity{
		{"a pipe that nobody writes to", true, func(path string) error { return syscall.Mkfifo(path, 0o600) }},
		{"a pipe that is written to without end", false, func(path string) error { return feed(path, make([]byte, 64<<10), 0) }},
		{"a pipe that trickles", true, func(path string) error { return feed(path, []byte("-"), 20*time.Millisecond) }},
		{"a socket", true, func(path string) error {
			_, err := net.Listen("unix", path) // it stays until the process ends
			return err
		}},
		{"a file that everybody may write", false, func(path string) error {
			if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
				return err
			}
			return os.Chmod(path, 0o777)
		}},
		{"a file that nobody may read", false, func(path string) error { return os.WriteFile(path, []byte("{}"), 0) }},
	}
}

// feed makes a pipe, and writes to whoever opens it, again and again.
func feed(path string, b []byte, every time.Duration) error {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return err
	}
	go func() {
		for {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return // it is gone
			}
			for write(f, b) {
				time.Sleep(every)
			}
			_ = f.Close() // whoever read it has gone
		}
	}()
	return nil
}
