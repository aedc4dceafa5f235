package edns

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// Wrap returns a connection to a name server that carries one question of Go's resolver, as
// net.Resolver.Dial gives them. Where the server's answer is that it does not understand
// EDNS, or makes no sense, the question is sent once more without it, and only the
// answer to that is read. After a question with EDNS that is not answered in time, the next
// one goes without it. The connection is a net.PacketConn if c is one. It is used by one
// goroutine at a time.
func (r *Resolvers) Wrap(c net.Conn, server string) net.Conn {
	x := &exchange{Conn: c, known: r, server: server}
	if packets, ok := c.(net.PacketConn); ok {
		return &datagrams{exchange: x, PacketConn: packets}
	}
	return &stream{exchange: x}
}

// exchange is a question and its answer.
type exchange struct {
	net.Conn
	known  *Resolvers
	server string

	id    [2]byte // of the question
	plain []byte  // the question without EDNS; nil: it was sent so, or had none
	bare  bool    // it was sent so
	told  bool    // because the server said that it does not understand it otherwise
	done  bool    // it is settled whether the server knows EDNS
}

// ask notes a question and returns the message to send.
func (x *exchange) ask(message []byte) []byte {
	copy(x.id[:], message)
	x.plain = Plain(message)
	if x.plain == nil || !x.known.without(x.server, time.Now()) {
		return message
	}
	short := x.plain
	x.plain, x.bare = nil, true
	return short
}

// again looks at a message that came in, and reports whether the question is to be sent
// without EDNS because of it.
func (x *exchange) again(message []byte) bool {
	if x.done || len(message) < headBytes || [2]byte(message) != x.id || message[2]&responseBit == 0 {
		return false
	}
	switch {
	case x.plain != nil && misunderstood(message):
		x.bare, x.told = true, true
		x.known.note(x.server, time.Now().Add(silentFor)) // it may hang up now
		return true
	case x.plain != nil:
		x.done = true
		x.known.note(x.server, time.Time{})
	case x.bare && settles(message):
		if x.done = true; x.told {
			x.known.note(x.server, time.Now().Add(plainFor))
		}
	}
	return false
}

// failed looks at an error of a read: silence may be about EDNS.
func (x *exchange) failed(err error) {
	if x.done || !errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	x.done = true
	switch {
	case x.plain != nil:
		x.known.note(x.server, time.Now().Add(silentFor))
	case x.bare:
		x.known.note(x.server, time.Time{}) // it is not about EDNS
	}
}

// datagrams is an exchange of packets.
type datagrams struct {
	*exchange
	net.PacketConn
}

func (d *datagrams) Close() error                       { return d.Conn.Close() }
func (d *datagrams) LocalAddr() net.Addr                { return d.Conn.LocalAddr() }
func (d *datagrams) SetDeadline(t time.Time) error      { return d.Conn.SetDeadline(t) }
func (d *datagrams) SetReadDeadline(t time.Time) error  { return d.Conn.SetReadDeadline(t) }
func (d *datagrams) SetWriteDeadline(t time.Time) error { return d.Conn.SetWriteDeadline(t) }

// Write sends a question.
func (d *datagrams) Write(b []byte) (int, error) { return whole(b, d.ask(b), d.Conn) }

// Read reads a packet.
func (d *datagrams) Read(b []byte) (int, error) {
	for {
		n, err := d.Conn.Read(b)
		if err != nil {
			d.failed(err)
			return n, err
		}
		if !d.again(b[:n]) {
			return n, nil
		}
		short := d.plain
		d.plain = nil
		if _, err := d.Conn.Write(short); err != nil {
			return n, nil //nolint:nilerr // what came is the answer
		}
	}
}

// stream is an exchange over TCP: each message has its length in two bytes before it.
type stream struct {
	*exchange
	looked bool
	rest   []byte // of the first message
	err    error  // behind that
}

// lengthBytes is the size of a message's length.
const lengthBytes = 2

// Write sends a question.
func (s *stream) Write(b []byte) (int, error) {
	if len(b) < lengthBytes {
		return s.Conn.Write(b)
	}
	return whole(b, framed(s.ask(b[lengthBytes:])), s.Conn)
}

// framed is a message behind its length.
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...) //nolint:gosec // it came with a length of two bytes, or is shorter
}

// Read reads the first message as a whole, and what is behind it as it comes.
func (s *stream) Read(b []byte) (int, error) {
	if !s.looked && (s.plain != nil || s.bare) {
		s.looked = true
		s.rest, s.err = s.first()
	}
	if len(s.rest) > 0 {
		n := copy(b, s.rest)
		s.rest = s.rest[n:]
		return n, nil
	}
	if s.err != nil {
		return 0, s.err
	}
	return s.Conn.Read(b)
}

// first reads a message, of the second answer if the first one is that EDNS is not known.
func (s *stream) first() ([]byte, error) {
	b, err := s.message()
	if err != nil || !s.again(b[lengthBytes:]) {
		return b, err
	}
	short := s.plain
	s.plain = nil
	if _, failed := s.Conn.Write(framed(short)); failed != nil {
		return b, nil //nolint:nilerr // what came is the answer
	}
	second, failed := s.message()
	if failed != nil {
		return b, nil //nolint:nilerr // it closes a connection on which it had not understood a question
	}
	_ = s.again(second[lengthBytes:])
	return second, nil
}

// message reads a message with its length, or what there is of it.
func (s *stream) message() ([]byte, error) {
	b := make([]byte, lengthBytes)
	n, err := io.ReadFull(s.Conn, b)
	if err == nil {
		b = append(b, make([]byte, binary.BigEndian.Uint16(b))...)
		var m int
		m, err = io.ReadFull(s.Conn, b[n:])
		n += m
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if err != nil {
		s.failed(err)
	}
	return b[:n], err
}

// whole writes message in place of b.
func whole(b, message []byte, c net.Conn) (int, error) {
	n, err := c.Write(message)
	if err != nil {
		return min(n, len(b)), err
	}
	return len(b), nil
}
