//go:build unix && !blockingwrites

package mux

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
)

// nonBlocking is both ends of a TCP connection of which the kernel takes little.
func nonBlocking(t *testing.T) (near *nbconn.Conn, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if far, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	_, _ = conn.(*net.TCPConn).SetWriteBuffer(32<<10), far.(*net.TCPConn).SetReadBuffer(32<<10)
	return nbconn.Wrap(conn, nil).(*nbconn.Conn), far
}

// Frames that the transport has no room for stay where they can be withdrawn, and
// go out in order when it has.
func TestFramesWaitWhileTheTransportIsCongested(t *testing.T) {
	s, far := nonBlocking(t)
	w := newConn(s)
	const frames, size = 400, 64 << 10
	var all []*Frame
	for i := range frames {
		all = append(all, sheet(byte(i), size))
		w.Send(all[i])
	}
	if n := s.Pending(); n > nbconn.Room+size+batchLimit {
		t.Fatalf("%d bytes wait in the transport", n)
	}
	withdrawn := frames * 3 / 4
	if at := all[withdrawn].Recall(0); at != FrameWithdrawn {
		t.Fatalf("the %dth frame: in state %d", withdrawn, at)
	}
	got := make([]byte, size)
	for i, f := range all {
		if i == withdrawn {
			continue
		}
		_ = far.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, f.Bytes) {
			t.Fatalf("frame %d: %v", i, err)
		}
		if at := settled(t, f); at != FrameWritten {
			t.Fatalf("frame %d: in state %d", i, at)
		}
	}
}

func TestEachFrameOfManySendersArrivesOnceAndInOrderOverAConnectionThatDoesNotBlock(t *testing.T) {
	near, far := nonBlocking(t)
	manySenders(t, near, far)
}
