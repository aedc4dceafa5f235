package mux

import (
	"io"
	"slices"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/ondemand"
)

// Receiver takes the data that comes in for a stream. yamux gets none of it. The goroutine that
// reads the transport calls it, so no method may block, and a method that takes long holds up
// every stream of the connection.
type Receiver interface {
	// Admit counts a data frame of n bytes against the window. An error ends the
	// connection.
	Admit(n uint32) error
	// Space returns room for the next bytes of the frame, at most want; nil if they are
	// to be dropped.
	Space(want int) []byte
	// Received follows Space: n bytes came in, left more of the frame are still to come.
	// kept is false where Space was nil.
	Received(n, left int, kept bool)
	// WindowGrew reports that Route.Window has become larger.
	WindowGrew()
	// StreamEnded reports that the peer has ended the stream; err is that of Route.Ended. It
	// follows the last byte and may come twice.
	StreamEnded(err error)
}

// Route is where frames of a stream go. It exists before the peer hears of a stream that this
// side opens, and before yamux hears of one that the peer opens, so no frame is missed, until
// the stream is closed.
type Route struct {
	Stream   uint32
	Window   atomic.Int64             // bytes that may be sent on the stream
	Receiver atomic.Pointer[Receiver] // of the data; nil: the first data, or reader, makes an inbox

	ended atomic.Uint32 // flags with which the peer has ended the stream
	marks atomic.Uint32
}

// The marks of a route.
const (
	markAnswered = 1 << iota // the server has acknowledged the stream, or ended it
	markClosed               // this side is done with it
)

// Ended is nil while the peer may send, io.EOF after it has closed the stream, ErrReset
// after it has reset it.
func (r *Route) Ended() error { return endedBy(r.ended.Load()) }

// endedBy is the meaning of the flags in ended.
func endedBy(flags uint32) error {
	switch {
	case flags&flagRST != 0:
		return ErrReset
	case flags&flagFIN != 0:
		return io.EOF
	}
	return nil
}

// grow allows n more bytes to be sent.
func (r *Route) grow(n uint32) {
	if n == 0 {
		return
	}
	r.Window.Add(int64(n))
	if to := r.Receiver.Load(); to != nil {
		(*to).WindowGrew()
	}
}

// end notes that the peer has ended the stream.
func (r *Route) end(flags uint32) {
	r.ended.Or(flags)
	if to := r.Receiver.Load(); to != nil {
		(*to).StreamEnded(endedBy(flags))
	}
}

// routeShards is the number of lists over which routes are spread. A list is copied to
// be changed; with thousands of streams each one is still short. They are made in groups, as
// stream numbers grow: a session that has used few streams has few lists.
const (
	routeShards = 256
	routeGroup  = 16
)

// Routes finds the route of a stream. The reading goroutine looks while others add and
// remove.
type Routes [routeShards / routeGroup]atomic.Pointer[routeLists]

// routeLists is one group of lists.
type routeLists [routeGroup]atomic.Pointer[[]*Route]

// shard is the list of a stream; stream numbers of one side differ by two. Where there is none
// it is nil, or made.
func (r *Routes) shard(stream uint32, made bool) *atomic.Pointer[[]*Route] {
	at := stream / 2 % routeShards
	group := &r[at/routeGroup]
	if !made && group.Load() == nil {
		return nil
	}
	lists := ondemand.Get(group, func() *routeLists { return new(routeLists) })
	return &lists[at%routeGroup]
}

// clear forgets all routes, and calls do with each.
func (r *Routes) clear(do func(*Route)) {
	for i := range r {
		lists := r[i].Load()
		if lists == nil {
			continue
		}
		for j := range lists {
			if list := lists[j].Swap(nil); list != nil {
				for _, one := range *list {
					do(one)
				}
			}
		}
	}
}

// Find returns the route of a stream, nil if there is none.
func (r *Routes) Find(stream uint32) *Route {
	shard := r.shard(stream, false)
	if shard == nil {
		return nil
	}
	if list := shard.Load(); list != nil {
		if at := position(*list, stream); at >= 0 {
			return (*list)[at]
		}
	}
	return nil
}

// Add returns the route of a stream, a new one if there is none.
func (r *Routes) Add(stream uint32) *Route {
	shard := r.shard(stream, true)
	added := &Route{Stream: stream}
	added.Window.Store(WindowSize)
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

// Remove forgets the route of a stream, if there is one.
func (r *Routes) Remove(stream uint32) {
	shard := r.shard(stream, false)
	if shard == nil {
		return
	}
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

// copied is a list to be changed.
func copied(old *[]*Route) []*Route {
	if old == nil {
		return nil
	}
	return slices.Clone(*old)
}

// position is the index of a stream's route, -1 if there is none.
func position(list []*Route, stream uint32) int {
	return slices.IndexFunc(list, func(r *Route) bool { return r.Stream == stream })
}
