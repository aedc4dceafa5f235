package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// run runs the service until ctx ends, and says on out what happens. Its socket stays while the program is started
// again: who connects meanwhile waits for it.
func (s service) run(ctx context.Context, reload <-chan os.Signal, out io.Writer) error {
	ln, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	defer ln.Close()
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return fmt.Errorf("%s is no TCP address", s.listen)
	}
	socket, err := tcp.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	told, hangUp, err := listenForNotices()
	if err != nil {
		return err
	}
	defer hangUp()
	fmt.Fprintln(out, "listening", ln.Addr())
	for ctx.Err() == nil {
		err := s.once(ctx, socket, told, reload, out)
		if ctx.Err() == nil {
			fmt.Fprintln(out, "ended", err)
			wait(ctx, s.pause)
		}
	}
	return nil
}

// once runs the program until it ends, or until ctx does and it has been asked to end.
func (s service) once(ctx context.Context, socket *os.File, told notices, reload <-chan os.Signal, out io.Writer) error {
	// The program takes the socket only if it is meant for its own process, whose number the shell knows.
	cmd := exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$; export LISTEN_PID; exec "$0" "$@"`}, s.start...)...)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=rpcproxy.socket", "NOTIFY_SOCKET="+told.path)
	cmd.ExtraFiles = []*os.File{socket} // is descriptor 3
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	fmt.Fprintln(out, "started", cmd.Process.Pid)
	for {
		select {
		case text := <-told.text:
			for line := range strings.SplitSeq(text, "\n") {
				if line == "READY=1" || strings.HasPrefix(line, "STATUS=") {
					fmt.Fprintf(out, "told %.300q\n", line)
				}
			}
		case <-reload:
			fmt.Fprintln(out, "reloaded", s.reloaded(ctx, cmd.Process.Pid))
		case err := <-ended:
			return err
		case <-ctx.Done():
			_ = cmd.Process.Signal(syscall.SIGTERM)
			select {
			case err := <-ended:
				return err
			case <-time.After(s.end):
				return errors.Join(cmd.Process.Kill(), <-ended)
			}
		}
	}
}

// reloaded runs what ExecReload says, up to the first command that fails.
func (s service) reloaded(ctx context.Context, pid int) error {
	for _, argv := range s.reload {
		argv = slices.Clone(argv)
		for i := range argv {
			argv[i] = strings.ReplaceAll(argv[i], "$MAINPID", strconv.Itoa(pid))
		}
		if said, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %.300q", argv[0], err, said)
		}
	}
	return nil
}

// notices are what the program tells of itself.
type notices struct {
	path string
	text chan string
}

func listenForNotices() (n notices, end func(), err error) {
	dir, err := os.MkdirTemp("", "sidecar")
	if err != nil {
		return n, nil, err
	}
	n = notices{path: filepath.Join(dir, "notify"), text: make(chan string, 16)}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: n.path, Net: "unixgram"})
	if err != nil {
		return n, nil, errors.Join(err, os.RemoveAll(dir))
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for buf := make([]byte, 4096); ; {
			size, err := conn.Read(buf)
			if err != nil {
				return
			}
			select {
			case n.text <- string(buf[:size]):
			case <-done:
				return
			}
		}
	}()
	return n, func() {
		close(done)
		conn.Close()
		<-gone
		_ = os.RemoveAll(dir) // in the directory for what is temporary
	}, nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
