package admit

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// limit is how long a test waits for an event that must come, on a slow machine too.
const limit = time.Minute

// The environment of a process that connects as another user: this test's own program.
const (
	dialerEnv = "ADMIT_TEST_DIAL" // where to
	deedEnv   = "ADMIT_TEST_DEED" // what then
)

// What such a process does once it is connected.
const (
	holds      = "hold"  // nothing
	halfCloses = "half"  // it sends the end of its data, and reads on
	leaves     = "leave" // it sends something and closes
	resets     = "reset" // it sends something and resets
)

// connectsAs starts a process of user 65534 that connects to addr, an address of
// ln, and returns this side's
// connection and the process's address. The process ends with t.
func connectsAs(t testing.TB, ln net.Listener, addr, deed string) (net.Conn, *net.TCPAddr) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), limit)
	t.Cleanup(stop)
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Env = append(os.Environ(), dialerEnv+"="+addr, deedEnv+"="+deed, "GORACE=atexit_sleep_ms=0")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it waits for this
		if err := cmd.Wait(); err != nil {
			t.Errorf("the process that connected: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n') // the deed is done
	if err != nil {
		t.Fatal(err)
	}
	from, err := net.ResolveTCPAddr("tcp", strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return accepted(t, ln), from
}

// dialAsOther is the process.
func dialAsOther() int {
	if err := becomeOther(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	conn, err := net.DialTimeout("tcp", os.Getenv(dialerEnv), limit)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	tcp, from := conn.(*net.TCPConn), conn.LocalAddr()
	switch os.Getenv(deedEnv) {
	case halfCloses:
		err = tcp.CloseWrite()
	case leaves:
		if _, err = conn.Write([]byte("a request")); err == nil {
			err = conn.Close()
		}
	case resets:
		if _, err = conn.Write([]byte("a request")); err == nil {
			if err = tcp.SetLinger(0); err == nil {
				err = conn.Close()
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, _ = fmt.Fprintln(os.Stdout, from)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends
	return 0
}

// listening listens until t ends.
func listening(t testing.TB, network, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// accepted is the next connection, open until t ends.
func accepted(t testing.TB, ln net.Listener) net.Conn {
	t.Helper()
	if err := ln.(*net.TCPListener).SetDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// joined are both ends of a connection of this process to ln.
func joined(t testing.TB, ln net.Listener, network, addr string) (here, there net.Conn) {
	t.Helper()
	there, err := net.DialTimeout(network, addr, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close() })
	return accepted(t, ln), there
}
