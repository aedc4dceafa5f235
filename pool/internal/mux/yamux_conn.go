package mux

import "net"

// Write is called by yamux alone. It keeps the head of a data frame, which yamux writes
// by itself, and sends it with the body that follows, as one frame among those of calls.
// It blocks until the transport has it, or is closed.
func (c *Conn) Write(b []byte) (int, error) {
	f, data := c.own, len(c.pendingHead) > 0
	if data {
		join := min(len(b), max(0, joinLimit-HeadSize))
		c.pendingHead = append(c.pendingHead, b[:join]...)
		f.Bytes, f.tail = c.pendingHead, b[join:]
		c.pendingHead = c.pendingHead[:0]
	} else {
		if len(b) == HeadSize {
			flags, stream, length := headOf(b)
			if b[1] == typeData && length > 0 {
				c.pendingHead = append(c.pendingHead[:0], b...)
				return len(b), nil
			}
			c.opens(b[1], flags, stream)
			f.Bytes, f.tail = c.greets(b), nil
		} else {
			f.Bytes, f.tail = b, nil
		}
	}
	if data {
		c.Send(f)
	} else {
		c.sendApart(f) // seldom, and this is all that most sessions ever write here
	}
	for {
		switch f.State() {
		case FrameWritten:
			return len(b), nil
		case FrameRefused, FrameTorn:
			return 0, c.Cause()
		}
		select {
		case <-f.Notify:
		case <-c.done:
			c.own = newFrame() // the writer may still look at this one
			return 0, net.ErrClosed
		}
	}
}

// opens adds the route of a stream before the peer hears of it, and removes that of a
// stream which yamux resets: one of the peer's that are too many, or one that was half-closed
// for too long.
func (c *Conn) opens(kind byte, flags uint16, stream uint32) {
	switch {
	case kind != typeWindow:
	case flags&flagSYN != 0 && !c.ofPeer(stream):
		c.Routes.Add(stream)
	case flags&flagRST != 0:
		c.Drop(stream)
	}
}
