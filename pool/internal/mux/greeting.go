package mux

import "encoding/binary"

// greeting is the number of the first ping, in place of yamux's 0: the end of a line, and 0.
// The peer of a session repeats it. A server of a protocol with lines, which would wait for
// the end of one for as long as this side waits for an answer, says at once that it does
// not understand: an HTTP server answers 400.
const greeting = 0x0d0a_0000

// The greeting of a process that serves agents itself, and what another such process answers to
// it. A server repeats the greeting, as any peer does, so the answer shows what the peer is.
const (
	relayGreeting = 0x0d0a_0001
	relayAnswer   = 0x0d0a_0002
)

// greets replaces the number of yamux's first ping, which is 0, in a head that goes out.
func (c *Conn) greets(head []byte) []byte {
	if flags, _, number := headOf(head); head[1] != typePing || flags != flagSYN || number != 0 {
		return head
	}
	changed := append(make([]byte, 0, HeadSize), head...) // yamux may look at its own once more
	number := uint32(greeting)
	if c.cfg.Relays {
		number = relayGreeting
	}
	binary.BigEndian.PutUint32(changed[8:], number)
	return changed
}

// greeted replaces the number of the answer, in the head of a ping that came in.
func (c *Conn) greeted(head []byte) {
	flags, _, number := headOf(head)
	if flags&flagACK == 0 || number < greeting || number > relayAnswer {
		return
	}
	if number == relayAnswer {
		c.toRelay.Store(true)
	}
	binary.BigEndian.PutUint32(head[8:], 0)
}

// answerTo is the number that answers a ping of the peer's.
func (c *Conn) answerTo(number uint32) uint32 {
	if c.cfg.Accepts && number == relayGreeting {
		return relayAnswer
	}
	return number
}

// ToRelay reports whether the peer has answered Config.Relays with that it serves agents itself. It
// is known once the first ping was answered.
func (c *Conn) ToRelay() bool { return c.toRelay.Load() }

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
