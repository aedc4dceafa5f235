package pool_test

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Types and flags of frames.
const (
	kindData, kindWindow, kindPing = 0, 1, 2

	synFlag, ackFlag, finFlag, rstFlag = 1, 2, 4, 8
)

// sent is a frame that the client sent.
type sent struct {
	kind   byte
	flags  uint16
	stream uint32
	length uint32
	body   []byte
}

// framePeer is a server that the test plays frame by frame. Pings are answered, and
// answers to its own are reported.
type framePeer struct {
	testing.TB
	addr   string
	frames chan sent
	pongs  chan uint32
	conn   chan net.Conn
	near   net.Conn
}

func startFramePeer(tb testing.TB) *framePeer {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(tb, err)
	f := &framePeer{TB: tb, addr: ln.Addr().String(), frames: make(chan sent, 20_000), pongs: make(chan uint32, 1), conn: make(chan net.Conn, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c, err := ln.Accept()
		_ = ln.Close()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		f.conn <- c
		f.serve(c)
	}()
	tb.Cleanup(func() {
		_ = ln.Close()
		if f.near != nil {
			_ = f.near.Close()
		}
		receive(tb, "the peer's end", ended)
	})
	return f
}

func (f *framePeer) serve(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		return
	}
	for head := make([]byte, 12); ; {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		s := sent{
			kind: head[1], flags: binary.BigEndian.Uint16(head[2:]),
			stream: binary.BigEndian.Uint32(head[4:]), length: binary.BigEndian.Uint32(head[8:]),
		}
		if s.kind == kindPing && s.flags == ackFlag {
			f.pongs <- s.length
			continue
		}
		if s.kind == kindPing {
			_, _ = c.Write(frameOf(kindPing, ackFlag, 0, s.length, nil))
			continue
		}
		if s.kind == kindData {
			s.body = make([]byte, s.length)
			if _, err := io.ReadFull(c, s.body); err != nil {
				return
			}
		}
		f.frames <- s
	}
}

// frameOf is a frame; the length of one with a body is that of the body.
func frameOf(kind byte, flags uint16, stream, length uint32, body []byte) []byte {
	if body != nil {
		length = uint32(len(body))
	}
	b := binary.BigEndian.AppendUint16([]byte{0, kind}, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return append(binary.BigEndian.AppendUint32(b, length), body...)
}

// says sends bytes to the client.
func (f *framePeer) says(parts ...[]byte) {
	f.Helper()
	if f.near == nil {
		f.near = receive(f, "the connection", f.conn)
	}
	_ = f.near.SetWriteDeadline(time.Now().Add(patience))
	if _, err := f.near.Write(slices.Concat(parts...)); err != nil {
		f.Fatal(err)
	}
}

// settle waits until the client has dealt with everything that was said: it answers
// a ping behind it.
func (f *framePeer) settle() {
	f.Helper()
	const number = 4711
	f.says(frameOf(kindPing, synFlag, 0, number, nil))
	if n := receive(f, "the answer to a ping", f.pongs); n != number {
		f.Fatalf("the answer to ping %d", n)
	}
}

// next is the next frame, which must be of that kind, on that stream, with these
// flags.
func (f *framePeer) next(kind byte, flags uint16, stream uint32) sent {
	f.Helper()
	s := receive(f, "a frame", f.frames)
	if s.kind != kind || s.flags != flags || s.stream != stream {
		f.Fatalf("frame %+v; want kind %d, flags %d, on stream %d", s, kind, flags, stream)
	}
	return s
}

// opened takes what opens a stream for calls.
func (f *framePeer) opened(stream uint32) {
	f.Helper()
	f.next(kindWindow, synFlag, stream)
	if s := f.next(kindData, 0, stream); string(s.body) != "\x01" {
		f.Fatalf("% x behind the opening", s.body)
	}
}

// windowful takes as many bytes of a request as a stream's first window allows, less the mode byte.
func (f *framePeer) windowful(stream uint32) {
	f.Helper()
	for left := 256<<10 - 1; left > 0; {
		left -= len(f.next(kindData, 0, stream).body)
	}
}

// request takes a request, and answers its number. Before it the window of a new stream may be
// made larger, where an earlier reply was large.
func (f *framePeer) request(stream uint32) (seq uint64) {
	f.Helper()
	s := receive(f, "a frame", f.frames)
	if s.kind == kindWindow && s.flags == 0 && s.stream == stream {
		s = receive(f, "a frame", f.frames)
	}
	if s.kind != kindData || s.flags != 0 || s.stream != stream {
		f.Fatalf("frame %+v; want a request on stream %d", s, stream)
	}
	return f.seq(s.body)
}

func (f *framePeer) seq(body []byte) uint64 {
	f.Helper()
	r := wire.NewDecoder()
	var scan wire.Scanner
	scan.Reset(0, len(body))
	end, _, err := scan.Value(body)
	var h wire.RequestHeader
	if err != nil || r.Request(body[:end], &h) != nil {
		f.Fatalf("no request: %.100q", body)
	}
	return h.Seq
}

// answer is a reply to request seq.
func answer(tb testing.TB, seq uint64, body any) []byte {
	tb.Helper()
	b, err := wire.NewEncoder().Value(wire.AppendReply(nil, wire.Header{Seq: seq, ServiceMethod: "X.Y"}), body)
	noError(tb, err)
	return b
}
