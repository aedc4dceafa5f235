package pool_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
)

// rawServer is the server's end of one session, down to the bytes.
type rawServer struct {
	*yamux.Session
	first chan []byte // what the first bytes from the client were; nil: not recorded
}

// wiretap records what comes in on a connection.
type wiretap struct {
	net.Conn
	seen chan []byte
}

func (w wiretap) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 {
		select {
		case w.seen <- append([]byte(nil), b[:n]...):
		default:
		}
	}
	return n, err
}

// connectRaw makes the pool connect to a server that the test plays.
func connectRaw(tb testing.TB, p *pool.Pool) (addr string, s rawServer) {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(tb, err)
	sessions := make(chan rawServer, 1)
	go func() {
		defer func() { _ = ln.Close() }()
		c, err := ln.Accept()
		if err != nil {
			return
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			return
		}
		cfg := yamux.DefaultConfig()
		cfg.LogOutput = io.Discard
		cfg.EnableKeepAlive = false
		cfg.AcceptBacklog = 4096
		seen := make(chan []byte, 1000)
		session, err := yamux.Server(wiretap{c, seen}, cfg)
		if err == nil {
			sessions <- rawServer{session, seen}
		}
	}()
	// Retaining connects nothing, so a call without an answer has to.
	addr = ln.Addr().String()
	go func() { _, _ = p.Ping(tb.Context(), addr) }()
	s = receive(tb, "the session", sessions)
	tb.Cleanup(func() { _ = s.Close() })
	pinged, err := s.AcceptStream()
	noError(tb, err)
	_ = pinged // stays open and unanswered
	return addr, s
}

// opens opens a stream towards the client and writes b.
func (s rawServer) opens(tb testing.TB, b []byte) *yamux.Stream {
	tb.Helper()
	st, err := s.OpenStream()
	noError(tb, err)
	_ = st.SetDeadline(time.Now().Add(patience))
	if len(b) > 0 {
		if _, err := st.Write(b); err != nil {
			tb.Fatal(err)
		}
	}
	return st
}

// reads reads what the client sends, as long as want.
func reads(tb testing.TB, from io.Reader, want []byte) {
	tb.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(from, got); err != nil || string(got) != string(want) {
		tb.Fatalf("%v after %d bytes:\ngot  % x\nwant % x", err, n, got, want)
	}
}

// ends waits for the client's end of a stream.
func ends(tb testing.TB, from io.Reader) {
	tb.Helper()
	if rest, err := io.ReadAll(from); err != nil || len(rest) > 0 {
		tb.Fatalf("% x, %v; want the stream's end", rest, err)
	}
}

// dataFrames lists the bodies of a stream's data frames in bytes from a client.
func dataFrames(b []byte, stream uint32) (bodies []string) {
	for len(b) >= 12 {
		n := 0
		if b[1] == 0 {
			n = int(binary.BigEndian.Uint32(b[8:]))
		}
		if len(b) < 12+n {
			break // the rest of it is still to come
		}
		if b[1] == 0 && binary.BigEndian.Uint32(b[4:]) == stream && n > 0 {
			bodies = append(bodies, string(b[12:12+n]))
		}
		b = b[12+n:]
	}
	return bodies
}
