package pool

import (
	"context"
	"errors"
	"testing"
)

// notedStream notes what is done to it.
type notedStream struct {
	stream
	closed chan struct{}
}

func (s *notedStream) Close() error {
	close(s.closed)
	return nil
}

func TestALaneThatIsGivenUpIsClosedOnALiveSessionOnly(t *testing.T) {
	for _, over := range []bool{false, true} {
		r := tapOn(&paperConn{})
		s := &session{tap: r, crew: newCrew()}
		s.ctx, s.cancel = context.WithCancelCause(t.Context())
		if over {
			s.cancel(errors.New("over"))
		}
		noted := &notedStream{closed: make(chan struct{})}
		l := newLane(s)
		l.stream, l.port = noted, r.ports.add(1)
		l.port.lane.Store(l)
		then := make(chan struct{})
		l.discard(func() { close(then) })
		<-then
		select {
		case <-noted.closed:
			if over {
				t.Error("a stream was closed whose session is over")
			}
		default:
			if !over {
				t.Error("the stream was not closed before what comes after it")
			}
		}
		if l.port.end(flagFIN) != true {
			t.Error("the port of a lane that was given up is kept behind the stream's end")
		}
	}
}

func TestThePortOfALaneWhoseStreamHadEndedGoesWithIt(t *testing.T) {
	r := tapOn(&paperConn{})
	s := &session{tap: r, crew: newCrew()}
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	l := laneOn(t, r, false)
	l.session, l.stream = s, &notedStream{closed: make(chan struct{})}
	if l.port.end(flagFIN) {
		t.Fatal("the port of an idle lane was to be forgotten")
	}
	l.discard(func() {})
	if r.ports.find(1) != nil {
		t.Fatal("the port is kept")
	}
}
