package mux

// Drop forgets a stream, and what came in on it and was not read.
func (c *Conn) Drop(stream uint32) {
	if r := c.Routes.Find(stream); r != nil {
		c.Routes.Remove(stream)
		c.dropInbox(r)
	}
}

// CloseStream ends this side of a stream that it has opened: nothing more is sent or
// expected on it. The FIN goes out at once, or as soon as the server has acknowledged the
// stream. Not before: yamux acknowledges no stream whose FIN came first, and each stream
// that is not acknowledged takes the place of another for as long as the server is at
// work on its request (yamux v0.1.2, stream.go, sendFlags). It does not block.
func (c *Conn) CloseStream(r *Route) {
	if r.marks.Or(markClosed)&(markAnswered|markClosed) == markAnswered {
		c.closeNow(r)
	}
}

// Acknowledged notes that the server has acknowledged or ended a stream. Only the reading
// goroutine calls it, and tests in its place.
func (c *Conn) Acknowledged(r *Route) {
	before := r.marks.Or(markAnswered)
	if before&markAnswered != 0 {
		return
	}
	if before&markClosed != 0 {
		c.closeNow(r)
	}
	c.Opens.acknowledged(c.reading.now)
}

// closeNow sends the FIN, past yamux, and has yamux forget the stream, which it would
// keep for HalfClosedLimit if the server does not close it too. What still comes in for
// it is dropped (unclaimed). A stream that the server has reset neither side knows.
func (c *Conn) closeNow(r *Route) {
	c.Drop(r.Stream)
	if r.ended.Load()&flagRST != 0 {
		return
	}
	c.Send(newHead(typeWindow, flagFIN, r.Stream, 0))
	c.closings.add(r.Stream)
}

// unclaimed counts the bytes that come in on streams which this side has closed, by
// stream. A server may have more to send than the window of a stream: it is allowed to,
// or it would wait for that for as long as the session lives. Only the reading goroutine
// uses it.
type unclaimed map[uint32]uint32

// unclaimedStreams is how many of these streams are counted at once. Answers are small,
// as a rule, and need no larger window.
const unclaimedStreams = 1024

// add counts bytes on a stream without a route, and returns how many to allow the peer
// again, if that is worth a frame.
func (u *unclaimed) add(stream, bytes uint32, flags uint16) uint32 {
	uncredited, known := (*u)[stream]
	uncredited = min(uncredited+min(bytes, WindowSize), WindowSize)
	switch {
	case flags&(flagFIN|flagRST) != 0:
		delete(*u, stream)
		return 0
	case uncredited >= WindowSize/2:
		delete(*u, stream)
		return uncredited
	case bytes == 0:
		return 0
	case *u == nil:
		*u = make(unclaimed)
	case !known && len(*u) >= unclaimedStreams:
		for any := range *u { // most are of servers that have fallen silent
			delete(*u, any)
			break
		}
	}
	(*u)[stream] = uncredited
	return 0
}

// dropped takes note of a frame that belongs to no stream which is in use.
func (c *Conn) dropped(stream, bytes uint32, flags uint16) {
	if c.ofPeer(stream) {
		return
	}
	if uncredited := c.reading.unclaimed.add(stream, bytes, flags); uncredited > 0 {
		c.Send(newHead(typeWindow, 0, stream, uncredited))
	}
}

// Reset ends a stream on both sides, whatever its peer does; what was not read yet is
// lost. yamux can close a stream but not reset it: one whose peer never closes its side
// stays for HalfClosedLimit, with a window full of bytes. So the RST is sent between two
// frames that go out, and given to yamux between two that come in, as if the peer had
// sent it; provoke has to make a frame go out and one come in. While too many resets wait,
// Reset blocks until there is room or done is closed.
func (c *Conn) Reset(stream uint32, provoke func(), done <-chan struct{}) {
	c.Drop(stream)
	for _, q := range [...]*resetQueue{&c.resets, &c.resetsIn} {
		select {
		case q.enter() <- struct{}{}:
		default:
			provoke()
			select {
			case q.enter() <- struct{}{}:
			case <-done:
				return
			}
		}
		q.add(stream)
	}
	provoke()
}

// Resetting reports whether a reset waits for a frame.
func (c *Conn) Resetting() bool { return c.resetsIn.tokens() > 0 || c.resets.tokens() > 0 }
