package sidecar_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// book is the lines of a log.
type book struct{ lines atomic.Pointer[[]string] }

func (b *book) Write(line []byte) (int, error) {
	for {
		old := b.lines.Load()
		var next []string
		if old != nil {
			next = append(next, *old...)
		}
		next = append(next, string(line))
		if b.lines.CompareAndSwap(old, &next) {
			return len(line), nil
		}
	}
}

// count is how many lines have the text.
func (b *book) count(text string) (n int) {
	if lines := b.lines.Load(); lines != nil {
		n = strings.Count(strings.Join(*lines, ""), text)
	}
	return n
}

// dial connects to a sidecar.
func dial(t testing.TB, s *sidecar.Sidecar, first ...byte) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr(s))
	noError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	if len(first) > 0 {
		_, _ = conn.Write(first) // it may be closed already
	}
	return conn
}

// expectClosed waits until the sidecar has closed a connection.
func expectClosed(t testing.TB, conn net.Conn) {
	t.Helper()
	noError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	if _, err := io.Copy(io.Discard, conn); err != nil && errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the connection stays: %v", err)
	}
}

func TestPeersThatAreNoAgentsAreClosedAndLoggedOnce(t *testing.T) {
	c := newCluster(t, 1)
	var log book
	s := newSidecar(t, sidecar.Config{Logger: zerolog.New(&log)}, c.Addrs()...)
	const many = 20
	for i := range many {
		expectClosed(t, dial(t, s, []byte("GET / HTTP/1.1\r\n\r\n")...))
		expectClosed(t, dial(t, s, byte(0x20+i)))
		expectClosed(t, dial(t, s, 0x04, 0x16)) // TLS, without a certificate to show
		garbage := make([]byte, 4096)
		_, _ = rand.Read(garbage)
		expectClosed(t, dial(t, s, append([]byte{0x06, 0xff}, garbage...)...))
		expectClosed(t, dial(t, s, append([]byte{0x01, 0xc1}, garbage...)...))
	}
	awaitCall(t, newAgent(t, s))
	awaitThat(t, func() bool { return s.Stats().Refused >= 3*many })
	stop(t, s) // so that the log is written
	if got := s.Stats().Refused; got != 3*many {
		t.Errorf("%d connections were refused", got)
	}
	if n := log.count("no agent's"); n != 1 {
		t.Errorf("%d lines:\n%s", n, strings.Join(*log.lines.Load(), ""))
	}
}

func TestPeersThatAreNotAdmittedAreClosed(t *testing.T) {
	c := newCluster(t, 1)
	for logs, lines := range map[bool]int{false: 1, true: 0} {
		var log book
		var asked atomic.Int64
		s := newSidecar(t, sidecar.Config{AdmitLogs: logs, Logger: zerolog.New(&log), Admit: func(net.Conn) error {
			if asked.Add(1) == 2 {
				panic("no")
			}
			return errors.New("no")
		}}, c.Addrs()...)
		for range 3 {
			expectClosed(t, dial(t, s, 0x06))
		}
		if got := s.Stats(); got.Refused != 3 || got.Panics != 1 {
			t.Errorf("%+v", got)
		}
		stop(t, s)
		if n := log.count("were not admitted"); n != lines || log.count(`"in":"Config.Admit"`) != 1 {
			t.Errorf("AdmitLogs is %v: %d lines, want %d:\n%s", logs, n, lines, strings.Join(*log.lines.Load(), ""))
		}
	}
}

// Slow peers keep no agent out: the oldest of them makes room.
func TestAFloodOfConnectionsIsBounded(t *testing.T) {
	c := newCluster(t, 1)
	var log book
	s := newSidecar(t, sidecar.Config{MaxConns: 16, Logger: zerolog.New(&log)}, c.Addrs()...)
	flood, began := 10_000, time.Now()
	if testing.Short() {
		flood = 1000
	}
	first := newAgent(t, s)
	awaitCall(t, first)
	var held []net.Conn
	for range flood {
		conn, err := net.Dial("tcp", addr(s))
		if err != nil {
			continue // the kernel's queue is full
		}
		if held = append(held, conn); len(held) == 100 {
			_ = held[0].Close()
			held = held[1:]
		}
	}
	defer func() {
		for _, conn := range held {
			_ = conn.Close()
		}
	}()
	awaitCall(t, first)
	awaitCall(t, newAgent(t, s))
	if got := s.Stats(); got.Connections > 16 {
		t.Errorf("%+v", got)
	}
	stop(t, s)
	if n, most := log.count("did not say"), 1+int(time.Since(began)/time.Minute); n < 1 || n > most {
		t.Errorf("%d lines, want %d at most", n, most)
	}
}

// Sessions beyond a peer's part are refused; those of others go on.
func TestOnePeerDoesNotGetAllConnections(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{MaxConns: 16}, c.Addrs()...)
	agents := 0
	for range 30 {
		a, err := plainclient.Dial(t.Context(), addr(s), plainclient.Config{NoKeepAlive: true})
		noError(t, err)
		defer func() { _ = a.Close() }()
		if a.Call("Status.Ping", struct{}{}, nil) == nil {
			agents++
		}
	}
	if agents != 12 {
		t.Errorf("%d agents of one peer are served, want three quarters of 16", agents)
	}
}

func TestStreamsAndRequestsOfAnAgentAreBounded(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	a := newAgent(t, s)
	other := newAgent(t, s)
	awaitCall(t, other)
	var refused atomic.Int64
	var opening sync.WaitGroup
	for range 8 {
		opening.Go(func() {
			for range 200 {
				st, err := a.OpenMode(plainclient.ModeRPC)
				if err != nil {
					refused.Add(1)
					continue
				}
				go func() {
					_, _ = io.Copy(io.Discard, st)
					refused.Add(1)
				}()
			}
		})
	}
	opening.Wait()
	awaitCall(t, other)
	awaitThat(t, func() bool { return s.Stats().RefusedStreams >= 500 })

	// Requests that announce more than they bring, and lists without end.
	for _, begin := range [][]byte{
		{0x82, 0xa3, 'S', 'e', 'q', 1, 0xad, 'S'},
		append(header(t, "Echo.Echo"), 0xdb, 0xff, 0xff, 0xff, 0xff),
		append(header(t, "Echo.Echo"), 0xdd, 0xff, 0xff, 0xff, 0xff),
		append(header(t, "Echo.Echo"), bytes.Repeat([]byte{0x91}, 1<<10)...),
	} {
		conn := dial(t, s, append([]byte{plainclient.ModeRPC}, begin...)...)
		expectClosed(t, conn)
	}
	awaitCall(t, other)
}

// header is that of a request.
func header(t testing.TB, method string) []byte {
	return encoded(t, map[string]any{"Seq": 1, "ServiceMethod": method})
}

// awaitThat waits until something is so.
func awaitThat(t testing.TB, so func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(patience); !so(); <-look.C {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

// An agent that takes no answers, and one that never ends its request, cost no more than the
// budget, and no other agent anything.
func TestAgentsThatDoNotReadAreBounded(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	a, other := newAgent(t, s), newAgent(t, s)
	large := strings.Repeat("x", 4<<20)
	for range 40 {
		st, err := a.OpenMode(plainclient.ModeRPC)
		noError(t, err)
		go func() { _ = st.Send("Echo.Echo", large) }() // and reads nothing of the answer
	}
	awaitThat(t, func() bool { return s.Stats().Calls >= 10 })
	awaitCall(t, other)
	if held := s.Stats().HeldBytes; held > 256<<20 {
		t.Errorf("%d bytes are held", held)
	}
	_ = a.Close()
	awaitThat(t, func() bool { return s.Stats().HeldBytes == 0 })
}

func TestAThousandReconnectsLeaveNothingBehind(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	connect := func() {
		a, err := plainclient.Dial(t.Context(), addr(s), plainclient.Config{NoKeepAlive: true})
		noError(t, err)
		noError(t, a.Call("Status.Ping", struct{}{}, nil))
		_ = a.Close()
	}
	connect()
	settled := func() bool { return s.Stats().Connections == 0 && c.Server(0).Counts().Open <= 1 }
	awaitThat(t, settled)
	before, files := runtime.NumGoroutine(), descriptors()
	times := 1000
	if testing.Short() {
		times = 100
	}
	for range times {
		connect()
	}
	awaitThat(t, settled)
	if left := testutil.Leftover(before, patience); left > 0 {
		t.Errorf("%d goroutines are left", left)
	}
	awaitThat(t, func() bool { return descriptors() <= files })
	if got := s.Stats(); got.Tenants != 0 || got.Connections != 0 {
		t.Errorf("%+v", got)
	}
}

// descriptors is how many this process has open; 0 where that cannot be seen.
func descriptors() int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(all)
}
