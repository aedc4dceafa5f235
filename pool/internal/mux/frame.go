package pool

import (
	"runtime"
	"sync/atomic"
)

// outgoing is a whole frame on its way to the transport. It is its sender's again
// when it is written, refused, or torn; one that was withdrawn is not used again.
type outgoing struct {
	bytes []byte // head, and body or what is joined to the head of it
	tail  []byte // what is left of the body
	state atomic.Uint32
	told  chan struct{} // gets a token when the frame is its sender's again; may be nil
	next  *outgoing     // of the queue
}

// The states of a frame, in which exactly one side may move it on.
const (
	frameOurs      = iota // of its sender, who has not sent it
	frameQueued           // waits for who has the token, or to be withdrawn
	frameTaken            // of who has the token
	frameWritten          // the transport has it all
	frameRefused          // the transport has no byte of it
	frameTorn             // the transport has failed in the middle of it
	frameWithdrawn        // its sender has left, and no byte of it was handed over
)

func newFrame() *outgoing { return &outgoing{told: make(chan struct{}, 1)} }

// settle gives the frame back.
func (f *outgoing) settle(state uint32) {
	told := f.told // it may be another frame a moment later
	f.state.Store(state)
	if told != nil {
		select {
		case told <- struct{}{}:
		default:
		}
	}
}

// pending says whether the frame is still somebody else's. Then it stays theirs,
// and its sender takes another one: it would be a matter of luck how long it has
// to wait.
func (f *outgoing) pending() bool {
	at := f.state.Load()
	return at == frameQueued || at == frameTaken
}

// queued says whether nobody has begun to write the frame.
func (f *outgoing) queued() bool { return f.state.Load() == frameQueued }

// recall takes the frame back if nobody has it yet, and says what became of it.
// It yields so often to a write that is under way, and answers frameTaken if that
// has not ended then.
func (f *outgoing) recall(yields int) uint32 {
	for {
		switch at := f.state.Load(); {
		case at == frameQueued:
			f.state.CompareAndSwap(frameQueued, frameWithdrawn)
		case at == frameTaken && yields > 0:
			yields--
			runtime.Gosched()
		default:
			return at
		}
	}
}
