package pool

import (
	"slices"
	"sync/atomic"
)

// port is what the tap knows of a stream that this side has opened. It is there
// before the peer hears of the stream, so nothing the peer says is missed; a lane
// is plugged in when yamux has answered. It is forgotten when both sides are done with
// the stream, or this one is (part).
type port struct {
	stream uint32
	window atomic.Int64 // bytes that may be sent
	ended  atomic.Uint32
	marks  atomic.Uint32
	lane   atomic.Pointer[lane] // to which data goes; nil: to yamux
}

// portShards is over how many lists ports are spread. A list is copied to be
// changed: with thousands of lanes each one is still short.
const portShards = 256

// ports finds the port of a stream. The reading goroutine looks while others open
// and close.
type ports [portShards]atomic.Pointer[[]*port]

// shard is the list of a stream; numbers of one side's streams differ by two.
func (p *ports) shard(stream uint32) *atomic.Pointer[[]*port] {
	return &p[stream/2%portShards]
}

// find answers nil if there is none.
func (p *ports) find(stream uint32) *port {
	if list := p.shard(stream).Load(); list != nil {
		if at := position(*list, stream); at >= 0 {
			return (*list)[at]
		}
	}
	return nil
}

// add answers the port of a stream, a new one if there is none.
func (p *ports) add(stream uint32) *port {
	shard := p.shard(stream)
	added := &port{stream: stream}
	added.window.Store(windowSize)
	for {
		old := shard.Load()
		list := copied(old)
		if at := position(list, stream); at >= 0 {
			return list[at]
		}
		list = append(list, added)
		if shard.CompareAndSwap(old, &list) {
			return added
		}
	}
}

// copied is a list to be changed.
func copied(old *[]*port) []*port {
	if old == nil {
		return nil
	}
	return slices.Clone(*old)
}

// remove forgets a stream.
func (p *ports) remove(stream uint32) {
	shard := p.shard(stream)
	for {
		old := shard.Load()
		list := copied(old)
		at := position(list, stream)
		if at < 0 {
			return
		}
		list = slices.Delete(list, at, at+1)
		if shard.CompareAndSwap(old, &list) {
			return
		}
	}
}

func position(list []*port, stream uint32) int {
	return slices.IndexFunc(list, func(at *port) bool { return at.stream == stream })
}

// strayed is set in ended where bytes came that nobody has asked for.
const strayed = 1 << 16

// grow is the peer's leave to send so many more bytes.
func (p *port) grow(n uint32) {
	if n == 0 {
		return
	}
	p.window.Add(int64(n))
	if l := p.lane.Load(); l != nil {
		signal(l.room)
	}
}

// end notes that the peer has closed the stream. The lane is told if it waits, and
// looks before it sends.
func (p *port) end(flags uint32) {
	p.ended.Or(flags)
	if l := p.lane.Load(); l != nil {
		l.over(flags)
	}
}

// signal wakes who waits for c, or who will.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
