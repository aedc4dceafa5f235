package mux

import (
	"fmt"
	"time"
)

// inbound is the reading goroutine's state.
type inbound struct {
	readAhead
	framed   bool           // a whole frame has come in
	now      int64          // when it came, as in Signs
	head     []byte         // of yamux's next frame, not yet taken by it
	headBuf  [HeadSize]byte // of head
	payload  uint32         // bytes of the current frame still to come
	flags    uint16         // of that frame
	route    *Route         // of that frame; nil: it belongs to no stream
	receiver Receiver       // of its data
	pongs    []*Frame       // answers to the peer's pings that wait to go out, the first one first
	reply    bool           // the receiver is not an inbox
	bulk     bulk           // of replies

	unclaimed unclaimed
}

// Read gives yamux its frames, without data, which it hands to the receivers.
func (c *Conn) Read(b []byte) (int, error) {
	in := &c.reading
	for {
		switch {
		case len(in.head) > 0:
			n := copy(b, in.head)
			in.head = in.head[n:]
			return n, nil
		case in.payload > 0:
			if err := c.deliver(); err != nil {
				return 0, err
			}
		default:
			if n := c.resetsIn.fill(b); n > 0 {
				return n, nil
			}
			if n := c.closings.fill(b); n > 0 {
				return n, nil
			}
			if err := c.readHead(); err != nil {
				return 0, err
			}
		}
	}
}

// deliver hands a receiver bytes of a frame's body; many of them without a copy.
func (c *Conn) deliver() error {
	in := &c.reading
	n, want := 0, int(in.payload)
	b := in.receiver.Space(want)
	switch {
	case b != nil && in.from == in.to && want >= readBuffer/4:
		var err error
		if n, err = c.receive(b); n == 0 {
			return err
		}
	default:
		if err := c.fill(1); err != nil {
			return err
		}
		if n = min(want, in.to-in.from); b != nil {
			n = copy(b, in.buf[in.from:in.to])
		}
		in.from += n
		c.Signs.Read.Store(in.now)
	}
	in.payload -= uint32(n)
	if b != nil && in.reply && in.bulk.add(n, in.now) {
		c.Signs.Bulk.Store(in.now)
	}
	in.receiver.Received(n, int(in.payload), b != nil)
	if in.payload == 0 {
		c.flagged(in.route, in.flags)
	}
	return nil
}

// bulk is how many bytes of replies came in within a second. A server that sends or
// takes a large message over a slow path may have other answers queued behind it, so it
// is given more time to answer. Bytes that trickle in do not count.
type bulk struct {
	from  int64 // when the second began, as in Signs
	bytes int
}

// bulkBytes of replies within a second are much.
const bulkBytes = 16 << 10

// add counts n bytes of a reply, and reports whether much has come.
func (b *bulk) add(n int, now int64) bool {
	if now-b.from > int64(time.Second) {
		*b = bulk{from: now}
	}
	if b.bytes += n; b.bytes < bulkBytes {
		return false
	}
	*b = bulk{from: now}
	return true
}

// receive reads from the transport into b.
func (c *Conn) receive(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.received(n)
		c.reading.now = int64(time.Since(c.cfg.Origin))
		c.Signs.Read.Store(c.reading.now)
		err = nil // it comes again
	}
	if err != nil {
		c.fail(err)
	}
	return n, err
}

// fill reads until at least want bytes are in the buffer.
func (c *Conn) fill(want int) error {
	in := &c.reading
	for in.to-in.from < want {
		var n int
		var err error
		if in.from == in.to {
			n, err = in.first(&c.transport)
		} else {
			if in.from > 0 {
				in.from, in.to = 0, copy(in.buf, in.buf[in.from:in.to])
			}
			n, err = c.Conn.Read(in.buf[in.to:])
		}
		in.to += n
		if n > 0 {
			c.received(n)
			in.now = int64(time.Since(c.cfg.Origin))
		} else if err != nil {
			c.fail(err)
			return err
		}
	}
	return nil
}

// readHead takes the next frame's head and decides where the frame goes. The peer's own
// pings are answered here, and are no sign of life: they arrive also while nothing that
// this side sends does.
func (c *Conn) readHead() error {
	if err := c.fill(HeadSize); err != nil {
		return err
	}
	in := &c.reading
	b := in.buf[in.from : in.from+HeadSize]
	in.from += HeadSize
	kind := b[1]
	if b[0] != protoVersion || kind > typeGoAway {
		return c.violated(fmt.Sprintf("frame begins with % x", b))
	}
	in.framed = true
	flags, stream, length := headOf(b)
	if kind != typePing || flags&flagSYN == 0 {
		c.Signs.Read.Store(in.now)
	}
	if flags&flagSYN != 0 && kind <= typeWindow && (stream == 0 || !c.ofPeer(stream)) {
		return c.violated(fmt.Sprintf("frame % x opens stream %d, whose number is not its sender's", b, stream))
	}
	if flags&flagSYN != 0 && kind <= typeWindow {
		c.Routes.Add(stream) // before yamux hears of it
		c.accepting.opened()
	}
	switch kind {
	case typeData:
		in.payload, in.flags = length, flags
		c.Signs.Data.Store(in.now)
		return c.data(stream)
	case typeWindow:
		if r := c.Routes.Find(stream); r != nil {
			r.grow(length)
			c.flagged(r, flags)
		} else {
			c.dropped(stream, 0, flags)
		}
	case typePing:
		if flags&flagSYN != 0 {
			return c.pong(c.answerTo(length))
		}
	case typeGoAway:
		if length != 0 {
			return c.violated(goAwayReason(length))
		}
		if !c.IsLeaving() {
			close(c.leaving)
			if c.onLeaving != nil {
				c.onLeaving()
			}
		}
	}
	in.head = append(in.headBuf[:0], b...)
	if kind == typePing {
		c.greeted(in.head)
	}
	return nil
}

// data decides where a data frame goes. yamux sees its flags.
func (c *Conn) data(stream uint32) error {
	in := &c.reading
	in.route, in.receiver, in.reply = c.Routes.Find(stream), nowhere{}, false
	if in.route == nil {
		c.dropped(stream, in.payload, in.flags)
	} else if to := in.route.Receiver.Load(); to != nil {
		in.receiver = *to
		_, kept := in.receiver.(*inbox)
		in.reply = !kept
	} else {
		in.receiver = c.inbox(in.route)
	}
	if err := in.receiver.Admit(in.payload); err != nil {
		c.fail(err)
		return err
	}
	if in.reply && in.flags&flagFIN != 0 {
		in.route.ended.Or(flagFIN) // before its payload is an answer, and the stream another caller's
	}
	if in.flags != 0 {
		in.head = in.headBuf[:HeadSize]
		putHead(in.head, typeWindow, in.flags, stream, 0)
	}
	if in.payload == 0 || in.flags&flagRST != 0 {
		c.flagged(in.route, in.flags)
	}
	return nil
}

// nowhere is the Receiver of what belongs to no stream that is in use.
type nowhere struct{}

func (nowhere) Admit(uint32) error      { return nil }
func (nowhere) Space(int) []byte        { return nil }
func (nowhere) Received(int, int, bool) {}
func (nowhere) WindowGrew()             {}
func (nowhere) StreamEnded(error)       {}

// flagged notes that the peer has acknowledged or ended a stream, behind the data that
// came with the flags.
func (c *Conn) flagged(r *Route, flags uint16) {
	if r == nil {
		return
	}
	if ended := flags & (flagFIN | flagRST); ended != 0 {
		r.end(uint32(ended))
	}
	if flags&(flagACK|flagFIN|flagRST) != 0 && !c.ofPeer(r.Stream) {
		c.Acknowledged(r)
	}
}

// pongsLimit is how many answers to the peer's pings may wait to go out. yamux waits for
// the answer before it pings again, so a peer that comes here takes none. An answer that
// is being written does not count: the peer may have it although the write has not
// returned.
const pongsLimit = 256

// pong answers a ping of the peer's. yamux would start a goroutine for each (v0.1.2,
// session.go, handlePing), which stays while nothing goes out: a peer that pings and
// reads nothing would make as many as it likes. Only the reading goroutine calls it.
func (c *Conn) pong(number uint32) error {
	in := &c.reading
	for len(in.pongs) > 0 && in.pongs[0].State() != FrameQueued {
		in.pongs = in.pongs[1:] // they go out in order
	}
	switch len(in.pongs) {
	case 0:
		in.pongs = nil
	case pongsLimit:
		return c.violated(fmt.Sprintf("ping %d, and %d before it whose answers were not taken", number, pongsLimit))
	}
	f := newHead(typePing, flagACK, 0, number)
	if c.Send(f); f.State() == FrameQueued {
		in.pongs = append(in.pongs, f)
	}
	return nil
}
