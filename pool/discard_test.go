package pool

import (
	"context"
	"errors"
	"testing"
)

// notedStream notes what is done to it.
type notedStream struct {
	stream
	shrunk, closed bool
}

func (s *notedStream) Shrink() { s.shrunk = true }

func (s *notedStream) Close() error {
	s.closed = true
	return nil
}

func TestAStreamThatIsGivenUpHoldsNoBufferAndIsClosedOnALiveSessionOnly(t *testing.T) {
	for _, over := range []bool{false, true} {
		s := &session{}
		s.ctx, s.cancel = context.WithCancelCause(t.Context())
		if over {
			s.cancel(errors.New("over"))
		}
		l, noted := newLane(s), &notedStream{}
		var given stream = noted
		l.stream.Store(&given)
		l.discard()
		l.discard() // there is none any more
		if !noted.shrunk || noted.closed == over {
			t.Errorf("session over: %v; shrunk: %v, closed: %v", over, noted.shrunk, noted.closed)
		}
		s.cancel(nil)
	}
}
