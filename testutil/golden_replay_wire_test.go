package testutil

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// The flags and types of yamux frames, as transcripts name them.
const (
	rawData   = 0
	rawWindow = 1
	rawPing   = 2
	rawAway   = 3

	rawSYN = 1
	rawACK = 2
	rawFIN = 4
	rawRST = 8
)

// rawFrame is a yamux frame.
type rawFrame struct {
	kind, flags byte
	stream      uint32
	length      uint32 // of the body, or what stands in its place
	body        []byte
}

func (f rawFrame) String() string {
	kinds := [...]string{"data", "window_update", "ping", "go_away"}
	return fmt.Sprintf("%s flags %#x", kinds[f.kind], f.flags)
}

// rawConn speaks yamux frame by frame, so that a test sees who sends which.
type rawConn struct {
	t      *testing.T
	sock   *net.TCPConn
	r      *bufio.Reader
	queues map[uint32][]rawFrame // what came and was not yet asked for
	rest   map[uint32][]byte     // of data frames, what no value was made of yet
	frames map[uint32]int        // of data that came, per stream
	pings  int                   // of the server; each was answered
	pongs  int
}

func dialRaw(t *testing.T, addr string) *rawConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	sock := c.(*net.TCPConn)
	t.Cleanup(func() { _ = sock.Close() })
	_ = sock.SetDeadline(time.Now().Add(patience))
	if _, err := sock.Write([]byte{modeYamux}); err != nil {
		t.Fatal(err)
	}
	return &rawConn{t: t, sock: sock, r: bufio.NewReader(sock), queues: map[uint32][]rawFrame{}, rest: map[uint32][]byte{}, frames: map[uint32]int{}}
}

func (c *rawConn) send(f rawFrame) {
	c.t.Helper()
	if f.kind == rawData {
		f.length = uint32(len(f.body))
	}
	head := []byte{0, f.kind, 0, f.flags, 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(head[4:], f.stream)
	binary.BigEndian.PutUint32(head[8:], f.length)
	if _, err := c.sock.Write(append(head, f.body...)); err != nil {
		c.t.Fatalf("writing %v: %v", f, err)
	}
}

// receive reads one frame into its queue. Pings are answered and counted, updates
// of windows are of no interest.
func (c *rawConn) receive() error {
	_ = c.sock.SetDeadline(time.Now().Add(patience))
	head := make([]byte, yamuxHead)
	if _, err := io.ReadFull(c.r, head); err != nil {
		return err
	}
	f := rawFrame{
		kind: head[1], flags: head[3],
		stream: binary.BigEndian.Uint32(head[4:]), length: binary.BigEndian.Uint32(head[8:]),
	}
	switch {
	case f.kind == rawData:
		c.frames[f.stream]++
		f.body = make([]byte, f.length)
		if _, err := io.ReadFull(c.r, f.body); err != nil {
			return err
		}
	case f.kind == rawPing && f.flags == rawSYN:
		c.pings++
		c.send(rawFrame{kind: rawPing, flags: rawACK, length: f.length})
		return nil
	case f.kind == rawPing:
		c.pongs++
		return nil
	case f.kind == rawWindow && f.flags == 0:
		return nil
	}
	c.queues[f.stream] = append(c.queues[f.stream], f)
	return nil
}

// next returns the next frame of a stream.
func (c *rawConn) next(stream uint32) (rawFrame, error) {
	for len(c.queues[stream]) == 0 {
		if err := c.receive(); err != nil {
			return rawFrame{}, err
		}
	}
	f := c.queues[stream][0]
	c.queues[stream] = c.queues[stream][1:]
	return f, nil
}

// value returns the next value on a stream: of data frames, with nothing between.
func (c *rawConn) value(stream uint32) ([]byte, error) {
	for {
		if have := c.rest[stream]; len(have) > 0 {
			raw, err := readValue(bufio.NewReader(bytes.NewReader(have)))
			if err == nil {
				c.rest[stream] = have[len(raw):]
				return raw, nil
			}
		}
		f, err := c.next(stream)
		if err != nil {
			return nil, err
		}
		if f.kind != rawData || f.flags != 0 {
			return nil, fmt.Errorf("%v in place of data", f)
		}
		c.rest[stream] = append(c.rest[stream], f.body...)
	}
}

// control returns the next frame of a stream, which must be no data.
func (c *rawConn) control(stream uint32, flags byte) error {
	if rest := c.rest[stream]; len(rest) > 0 {
		return fmt.Errorf("%d bytes of data in place of flags %#x: %x", len(rest), flags, rest)
	}
	f, err := c.next(stream)
	switch {
	case err != nil:
		return err
	case f.kind != rawWindow || f.flags != flags:
		return fmt.Errorf("%v in place of a window_update with flags %#x", f, flags)
	}
	return nil
}

// over expects the end of the connection, and nothing before it.
func (c *rawConn) over() error {
	for {
		err := c.receive()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	for stream, left := range c.queues {
		if len(left) > 0 {
			return fmt.Errorf("stream %d has more: %v", stream, left)
		}
	}
	return nil
}
