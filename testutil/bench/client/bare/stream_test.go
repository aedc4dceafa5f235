package main

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

// Requests and replies are larger than what may be on its way at once, and the calls are the bench's.
func TestEachCallIsAnsweredWithItsReply(t *testing.T) {
	server, err := plainserver.Start(nil, body.Status{}, body.Node{}, body.Alloc{}, body.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ping", "heartbeat", "allocs", "reply-64KiB", "request-64KiB", "reply-1MiB", "request-1MiB"} {
		call, err := body.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := open(t.Context(), worker.Setup{Addr: server.Addr(), Call: call, Callers: 1})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			reply := call.New()
			if err := c.Call(t.Context(), 0, call.Method, call.Args, reply); err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			if err := call.Check(reply); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

func TestItIsForOneCallerOnly(t *testing.T) {
	if _, err := open(t.Context(), worker.Setup{Callers: 2}); err == nil {
		t.Error("two callers may use it")
	}
	if _, err := open(t.Context(), worker.Setup{Callers: 1, Beside: new(body.Call)}); err == nil {
		t.Error("a caller more may use it")
	}
}

func TestAPingOfTheServerIsAnswered(t *testing.T) {
	near, far := net.Pipe()
	opened := make(chan *stream, 1)
	go func() {
		s, err := openStream(near)
		if err != nil {
			t.Error(err)
		}
		opened <- s
	}()
	first := make([]byte, 1+headLen+headLen+1) // of the connection, of the stream, and its mode
	if _, err := io.ReadFull(far, first); err != nil {
		t.Fatal(err)
	}
	s := <-opened
	failed := make(chan error, 1)
	go func() {
		_, err := s.Read(make([]byte, 1))
		failed <- err
	}()
	frame := func(kind byte, flags uint16, of, length uint32) []byte {
		b := binary.BigEndian.AppendUint16([]byte{0, kind}, flags)
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, of), length)
	}
	write := func(b []byte) {
		t.Helper()
		if _, err := far.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	write(frame(kindPing, flagSYN, 0, 7))
	pong := make([]byte, headLen)
	if _, err := io.ReadFull(far, pong); err != nil || string(pong) != string(frame(kindPing, flagACK, 0, 7)) {
		t.Errorf("% x, %v", pong, err)
	}
	write(frame(kindData, 0, 3, 1))
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "stream 3") {
		t.Errorf("a frame of another stream: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_ = far.Close() // its other end is closed
}
