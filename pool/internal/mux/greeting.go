package mux

import "encoding/binary"

// greeting is the number of the first ping, in place of yamux's 0: the end of a line, and 0.
// The peer of a session repeats it. A server of a protocol with lines, which would wait for
// the end of one for as long as this side waits for an answer, says at once that it does
// not understand: an HTTP server answers 400.
const greeting = 0x0d0a_0000

// greets replaces the number of yamux's first ping, which is 0, in a head that goes out.
func greets(head []byte) []byte {
	if flags, _, number := headOf(head); head[1] != typePing || flags != flagSYN || number != 0 {
		return head
	}
	changed := append(make([]byte, 0, HeadSize), head...) // yamux may look at its own once more
	binary.BigEndian.PutUint32(changed[8:], greeting)
	return changed
}

// greeted replaces the number of the answer, in a head that came in.
func greeted(head []byte) {
	if flags, _, number := headOf(head); head[1] == typePing && flags&flagACK != 0 && number == greeting {
		binary.BigEndian.PutUint32(head[8:], 0)
	}
}

// First returns a copy of what came in, up to 64 bytes, of a session that ended before a whole
// frame had come; nil of any other. It must be called when nothing reads the connection
// any more.
func (c *Conn) First() []byte {
	in := &c.reading
	if in.framed || c.first != nil {
		return c.first
	}
	return append([]byte(nil), in.buf[:min(in.to, 64)]...)
}
