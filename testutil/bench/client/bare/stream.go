package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// What of yamux's protocol is needed here.
const (
	headLen = 12 // bytes: version, kind, flags (2), stream (4), length (4)

	kindData   = 0
	kindWindow = 1
	kindPing   = 2

	flagSYN = 1
	flagACK = 2

	id     = 1         // of the only stream
	window = 256 << 10 // bytes that a side may send before the other one gives leave
)

// stream is the only stream of a connection. One goroutine uses it.
type stream struct {
	net.Conn
	in    *bufio.Reader
	out   []byte // a frame
	rest  uint32 // bytes of the frame that is being read
	taken uint32 // bytes that were read and for which no leave was given
	leave uint32 // bytes that the peer takes
}

// openStream opens the stream, for calls.
func openStream(conn net.Conn) (*stream, error) {
	s := &stream{Conn: conn, in: bufio.NewReaderSize(conn, 64<<10), leave: window}
	if _, err := conn.Write([]byte{plainclient.ModeYamux}); err != nil {
		return nil, err
	}
	if err := s.control(kindWindow, flagSYN, id, 0); err != nil {
		return nil, err
	}
	err := s.send([]byte{plainclient.ModeRPC}, nil)
	return s, err
}

// begin begins a frame in out.
func (s *stream) begin(kind byte, flags uint16, stream, length uint32) {
	s.out = append(s.out[:0], 0, kind)
	s.out = binary.BigEndian.AppendUint16(s.out, flags)
	s.out = binary.BigEndian.AppendUint32(s.out, stream)
	s.out = binary.BigEndian.AppendUint32(s.out, length)
}

// control sends a frame without a body.
func (s *stream) control(kind byte, flags uint16, stream, length uint32) error {
	s.begin(kind, flags, stream, length)
	_, err := s.Conn.Write(s.out)
	return err
}

// send sends head and rest, as one frame if the peer takes so much. Else it waits for leave.
func (s *stream) send(head, rest []byte) error {
	for len(head)+len(rest) > 0 {
		for s.leave == 0 {
			if err := s.next(); err != nil {
				return err
			}
			if s.rest > 0 {
				return fmt.Errorf("%d bytes of an answer amid the request", s.rest)
			}
		}
		a := min(len(head), int(s.leave))
		b := min(len(rest), int(s.leave)-a)
		s.begin(kindData, 0, id, uint32(a+b))
		s.out = append(append(s.out, head[:a]...), rest[:b]...)
		if _, err := s.Conn.Write(s.out); err != nil {
			return err
		}
		head, rest, s.leave = head[a:], rest[b:], s.leave-uint32(a+b)
	}
	return nil
}

// Read reads of the stream.
func (s *stream) Read(b []byte) (int, error) {
	for s.rest == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n, err := s.in.Read(b[:min(len(b), int(s.rest))])
	s.rest -= uint32(n)
	if s.taken += uint32(n); s.taken >= window/2 && err == nil {
		err = s.control(kindWindow, 0, id, s.taken)
		s.taken = 0
	}
	return n, err
}

// next reads the head of a frame, and does what it says unless it is data: then rest has its length.
func (s *stream) next() error {
	head, err := s.in.Peek(headLen)
	if err != nil {
		return err
	}
	kind, flags := head[1], binary.BigEndian.Uint16(head[2:])
	of, length := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
	if _, err := s.in.Discard(headLen); err != nil {
		return err
	}
	switch {
	case kind == kindData && of == id && flags&^flagACK == 0:
		s.rest = length
	case kind == kindWindow && of == id && flags&^flagACK == 0:
		s.leave += length
	case kind == kindPing && flags == flagSYN:
		return s.control(kindPing, flagACK, 0, length)
	default:
		return fmt.Errorf("a frame of kind %d with flags %d on stream %d", kind, flags, of)
	}
	return nil
}
