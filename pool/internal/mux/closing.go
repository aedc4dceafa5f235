package pool

import "sync/atomic"

// The marks of a port.
const (
	markAnswered = 1 << iota // the server has acknowledged the stream, or closed it
	markLeft                 // this side is done with it
)

// part gives up a stream that this side has opened: nothing more is sent or expected on
// it. Its end goes out at once, or as soon as the server has acknowledged the stream.
// Not before: yamux acknowledges no stream whose end came first, and each one that is
// not acknowledged takes the place of another for as long as the server is at work on
// its request (hashicorp/yamux v0.1.2, stream.go, sendFlags). It does not block.
func (t *tap) part(at *port) {
	if at.marks.Or(markLeft)&(markAnswered|markLeft) == markAnswered {
		t.end(at)
	}
}

// answered notes that the server has acknowledged or closed a stream. Only the reading
// goroutine calls it.
func (t *tap) answered(at *port) {
	before := at.marks.Or(markAnswered)
	if before&markAnswered != 0 {
		return
	}
	if before&markLeft != 0 {
		t.end(at)
	}
	t.openings.acknowledged(t.reading.now)
}

// end closes a stream, past yamux, and has yamux forget it, which would keep it for
// minutes if the server does not close it too. What still comes in for it is dropped
// (unclaimed). Of a stream that the server has reset, neither side knows any more.
func (t *tap) end(at *port) {
	t.ports.remove(at.stream)
	if at.ended.Load()&flagRST != 0 {
		return
	}
	fin := &outgoing{bytes: make([]byte, frameHead)}
	putHead(fin.bytes, frameWindow, flagFIN, at.stream, 0)
	t.send(fin)
	t.parted.add(at.stream)
}

// parted are the streams that yamux is still to forget, between two frames that come
// in. It needs no bound: there are no more than were opened.
type parted struct {
	first atomic.Pointer[partedStream] // the last one first
	taken *partedStream                // of the reading goroutine
}

type partedStream struct {
	stream uint32
	next   *partedStream
}

func (p *parted) add(stream uint32) {
	n := &partedStream{stream: stream}
	for {
		n.next = p.first.Load()
		if p.first.CompareAndSwap(n.next, n) {
			return
		}
	}
}

// fill writes frames that reset into b, as many as there are and fit. The reading
// goroutine gives them to yamux as if the server had sent them.
func (p *parted) fill(b []byte) (n int) {
	if p.taken == nil {
		if p.first.Load() == nil {
			return 0
		}
		p.taken = p.first.Swap(nil)
	}
	for ; p.taken != nil && len(b)-n >= frameHead; p.taken = p.taken.next {
		putHead(b[n:], frameWindow, flagRST, p.taken.stream, 0)
		n += frameHead
	}
	return n
}

// unclaimed counts what comes in on streams that this side is done with. A server may
// have more to say than the window of a stream lets it: it is given leave to, or it
// would wait for that for as long as the session lives. Only the reading goroutine uses
// it.
type unclaimed map[uint32]uint32

// unclaimedStreams is on how many of these streams a server may be at once that has more
// to say. Answers are small, as a rule, and need no leave.
const unclaimedStreams = 1024

// came counts bytes on a stream of which nothing is known, and answers how many to give
// back, if that is worth a frame.
func (u *unclaimed) came(stream, bytes uint32, flags uint16) uint32 {
	owed, known := (*u)[stream]
	owed = min(owed+min(bytes, windowSize), windowSize)
	switch {
	case flags&(flagFIN|flagRST) != 0:
		delete(*u, stream)
		return 0
	case owed >= windowSize/2:
		delete(*u, stream)
		return owed
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
	(*u)[stream] = owed
	return 0
}

// dropped takes note of a frame that belongs to no stream which is in use.
func (t *tap) dropped(stream, bytes uint32, flags uint16) {
	if stream%2 == 0 {
		return // one that the server has opened, which is yamux's
	}
	if owed := t.reading.unclaimed.came(stream, bytes, flags); owed > 0 {
		credit := &outgoing{bytes: make([]byte, frameHead)}
		putHead(credit.bytes, frameWindow, 0, stream, owed)
		t.send(credit)
	}
}
