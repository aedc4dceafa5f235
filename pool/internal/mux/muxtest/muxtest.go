package muxtest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"net"
	"slices"
)

// Types and flags of a frame (yamux v0.1.2, spec.md).
const (
	Data   = 0
	Window = 1
	Ping   = 2
	GoAway = 3

	SYN = 0x1
	ACK = 0x2
	FIN = 0x4
	RST = 0x8
)

// Head is the head of a frame.
func Head(version, kind byte, flags uint16, stream, length uint32) []byte {
	b := []byte{version, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return binary.BigEndian.AppendUint32(b, length)
}

// Conn notes the bytes of each Write, and reads from a script. Its other methods panic.
type Conn struct {
	net.Conn
	Writes [][]byte
	Reads  [][]byte       // one per Read; then Err, or io.EOF
	Err    error          // of writes and, in the end, of reads
	Hold   chan struct{}  // if not nil, each Write receives from it first
	Room   int            // bytes that are written before Err
	Wrote  func(b []byte) // is called before Write returns; may be nil
}

// Write notes b.
func (c *Conn) Write(b []byte) (int, error) {
	if c.Hold != nil {
		<-c.Hold
	}
	if c.Err != nil {
		n := min(c.Room, len(b))
		c.Room -= n
		return n, c.Err
	}
	c.Writes = append(c.Writes, bytes.Clone(b))
	if c.Wrote != nil {
		c.Wrote(b)
	}
	return len(b), nil
}

// Read reads from the script.
func (c *Conn) Read(b []byte) (int, error) {
	if len(c.Reads) == 0 {
		return 0, cmp.Or(c.Err, io.EOF)
	}
	n := copy(b, c.Reads[0])
	if c.Reads[0] = c.Reads[0][n:]; len(c.Reads[0]) == 0 {
		c.Reads = c.Reads[1:]
	}
	return n, nil
}

// Drain reads everything, 64 bytes at a time, and returns it with the error at the end.
func Drain(r io.Reader) (all []byte, err error) {
	b := make([]byte, 64)
	for {
		n, err := r.Read(b)
		all = append(all, b[:n]...)
		if err != nil {
			return all, err
		}
	}
}

// Cuts is b in one piece, in two at every place, and byte by byte, each as Conn.Reads.
func Cuts(b []byte) (all [][][]byte) {
	all = append(all, [][]byte{b})
	for cut := 1; cut < len(b); cut++ {
		all = append(all, [][]byte{b[:cut], b[cut:]})
	}
	var single [][]byte
	for i := range b {
		single = append(single, b[i:i+1])
	}
	return append(all, single)
}

// Conversation has two streams that end, one with data behind which looks like
// frames, a ping, and a farewell.
func Conversation() []byte {
	body := Head(9, 9, FIN|RST, 9, 9)
	return slices.Concat(
		Head(0, Data, 0, 1, 12), body,
		Head(0, 2, 2, 0, FIN<<16|FIN), // a ping's number is no flag
		Head(0, Data, FIN, 3, 24), body, body,
		Head(0, 1, RST, 5, 1<<20), // a window is no body
		Head(0, 1, 2, 7, 0),
		Head(0, GoAway, 0, 0, 0),
	)
}
