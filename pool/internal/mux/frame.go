package mux

import (
	"encoding/binary"
	"runtime"
	"sync/atomic"
)

// HeadSize is the size of a frame's head in bytes: version, type, flags (2), stream (4),
// length (4); yamux v0.1.2, spec.md, "Framing".
const HeadSize = 12

// WindowSize is how many bytes either side of a new stream may send before the other
// side allows more; yamux v0.1.2, spec.md, "Window Update".
const WindowSize = 256 << 10

// The values in a head; yamux v0.1.2, spec.md.
const (
	protoVersion = 0

	typeData   = 0
	typeWindow = 1
	typePing   = 2
	typeGoAway = 3

	flagSYN = 0x1
	flagACK = 0x2
	flagFIN = 0x4
	flagRST = 0x8
)

// putHead writes a head into the first bytes of b.
func putHead(b []byte, kind byte, flags uint16, stream, length uint32) {
	b[0], b[1] = protoVersion, kind
	binary.BigEndian.PutUint16(b[2:], flags)
	binary.BigEndian.PutUint32(b[4:], stream)
	binary.BigEndian.PutUint32(b[8:], length)
}

// headOf reads the fields of a head that follow its type.
func headOf(b []byte) (flags uint16, stream, length uint32) {
	return binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
}

// Frame is a whole frame on its way to the transport. It belongs to its sender, except
// while it is pending. The zero Frame is ready for use.
type Frame struct {
	Bytes  []byte        // head and body; not changed while the frame is pending
	Notify chan struct{} // gets a token when the frame is no longer pending; needs a buffer of one; may be nil

	tail  []byte // the rest of the body, where it is not in Bytes
	state atomic.Uint32
	next  *Frame // in the queue
}

// FrameState is how far a frame has come.
type FrameState uint32

// The states of a frame. The sender moves it from FrameNew to FrameQueued and, if it
// comes first, to FrameWithdrawn; the writer does all else.
const (
	FrameNew       FrameState = iota // not sent yet
	FrameQueued                      // waits for the writer, and can be withdrawn
	FrameWriting                     // the writer has it
	FrameWritten                     // the transport took all of it
	FrameRefused                     // the transport failed and took no byte of it
	FrameTorn                        // the transport failed in the middle of it
	FrameWithdrawn                   // its sender took it back; no byte was handed over; it is not used again
)

// newFrame is a frame whose sender waits for it.
func newFrame() *Frame { return &Frame{Notify: make(chan struct{}, 1)} }

// newHead is a frame without a body.
func newHead(kind byte, flags uint16, stream, length uint32) *Frame {
	f := &Frame{Bytes: make([]byte, HeadSize)}
	putHead(f.Bytes, kind, flags, stream, length)
	return f
}

// SetData makes f a data frame of stream. b is HeadSize bytes of room for the head and
// then the body.
func (f *Frame) SetData(stream uint32, b []byte) {
	f.Bytes = b
	putHead(b, typeData, 0, stream, uint32(len(b)-HeadSize))
}

// SetWindow makes f a frame that allows the peer n more bytes on stream.
func (f *Frame) SetWindow(stream, n uint32) {
	if f.Bytes == nil {
		f.Bytes = make([]byte, HeadSize)
	}
	putHead(f.Bytes, typeWindow, 0, stream, n)
}

// State is how far the frame has come.
func (f *Frame) State() FrameState { return FrameState(f.state.Load()) }

// Renew makes a frame that was not withdrawn, and is not pending, FrameNew.
func (f *Frame) Renew() { f.state.Store(uint32(FrameNew)) }

// Pending reports whether the writer may still look at the frame. A sender that does not
// wait takes another frame then.
func (f *Frame) Pending() bool {
	at := f.State()
	return at == FrameQueued || at == FrameWriting
}

// Recall withdraws the frame if the writer does not have it yet, and returns its state.
// It yields the processor up to so many times to a write that is under way, and returns
// FrameWriting if that has not ended then.
func (f *Frame) Recall(yields int) FrameState {
	for {
		switch at := f.State(); {
		case at == FrameQueued:
			f.state.CompareAndSwap(uint32(FrameQueued), uint32(FrameWithdrawn))
		case at == FrameWriting && yields > 0:
			yields--
			runtime.Gosched()
		default:
			return at
		}
	}
}

// settle ends FrameWriting.
func (f *Frame) settle(state FrameState) {
	notify := f.Notify // the sender may change f as soon as it is settled
	f.state.Store(uint32(state))
	if notify != nil {
		select {
		case notify <- struct{}{}:
		default:
		}
	}
}
