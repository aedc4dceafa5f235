package session

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
)

// notedStream is a stream of which nothing is asked.
type notedStream struct {
	stream
	closed chan struct{}
}

// partRig is a lane on stream 1 of a session over paper, and the frames that go out.
type partRig struct {
	*lane
	tap  *tap
	sent [][]byte
}

func newPartRig(t *testing.T, reads ...[]byte) *partRig {
	t.Helper()
	p := &partRig{}
	r := tapOn(&paperConn{reads: reads, wrote: func(b []byte) { p.sent = append(p.sent, slices.Clone(b)) }})
	r.spawn = func(f func()) bool { f(); return true }
	s := &session{tap: r, crew: newCrew()}
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	p.conn, p.lane = r, newLane(s)
	p.stream, p.port = &notedStream{}, r.ports.add(1)
	p.port.lane.Store(p.lane)
	<-r.openings.tokens
	r.openings.took(0)
	return p
}

// read reads everything, and answers what yamux got.
func (p *partRig) read(t *testing.T) []byte {
	t.Helper()
	got, err := drain(p.conn)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	p.conn.fault.Store(nil) // more may be written
	return got
}

func TestAStreamThatIsGivenUpEndsBehindItsAcknowledgement(t *testing.T) {
	ack, fin, rst := frame(0, frameWindow, flagACK, 1, 0), frame(0, frameWindow, flagFIN, 1, 0), frame(0, frameWindow, flagRST, 1, 0)
	both := frame(0, frameWindow, flagACK|flagFIN, 1, 0)
	for _, c := range []struct {
		name  string
		reads [][]byte // before the stream is given up, or else after it
		after bool
		over  bool
		sent  [][]byte
		yamux []byte
		kept  bool
	}{
		{name: "acknowledged before", reads: [][]byte{ack}, sent: [][]byte{fin}, yamux: slices.Concat(ack, rst)},
		{name: "acknowledged later", reads: [][]byte{ack}, after: true, sent: [][]byte{fin}, yamux: slices.Concat(ack, rst)},
		{name: "never acknowledged", after: true, kept: true},
		{name: "acknowledged with its end", reads: [][]byte{both}, after: true, sent: [][]byte{fin}, yamux: slices.Concat(both, rst)},
		{name: "ended before", reads: [][]byte{ack, fin}, sent: [][]byte{fin}, yamux: slices.Concat(ack, fin, rst)},
		{name: "ended and never acknowledged", reads: [][]byte{fin}, after: true, sent: [][]byte{fin}, yamux: slices.Concat(fin, rst)},
		{name: "reset before", reads: [][]byte{ack, rst}, yamux: slices.Concat(ack, rst)},
		{name: "reset later", reads: [][]byte{rst}, after: true, yamux: rst},
		{name: "acknowledged twice", reads: [][]byte{ack, ack}, after: true, sent: [][]byte{fin}, yamux: slices.Concat(ack, rst, ack)},
		{name: "the session is over", reads: [][]byte{ack}, over: true, yamux: ack, kept: true},
	} {
		p := newPartRig(t, c.reads...)
		var yamux []byte
		if !c.after {
			yamux = p.read(t)
		}
		if c.over {
			p.session.cancel(errors.New("over"))
		}
		p.discard()
		if c.after && len(p.sent) > 0 {
			t.Fatalf("%s: % x went out before the acknowledgement", c.name, p.sent)
		}
		yamux = append(yamux, p.read(t)...)
		if !slices.EqualFunc(p.sent, c.sent, slices.Equal) || !slices.Equal(yamux, c.yamux) {
			t.Errorf("%s: sent % x; yamux got % x", c.name, p.sent, yamux)
		}
		if has := p.conn.Routes.Find(1) != nil; has != c.kept {
			t.Errorf("%s: its port is kept: %v", c.name, has)
		}
		want := int64(0)
		if len(c.reads) == 0 {
			want = 1
		}
		if n := p.conn.Opens.Waiting(); n != want {
			t.Errorf("%s: %d streams are taken to wait still, want %d", c.name, n, want)
		}
	}
}

// A server whose answer is larger than the window must not wait for leave to send the
// rest, and small answers cost nothing.
func TestAServerMaySayAllItHasOnAStreamThatWasGivenUp(t *testing.T) {
	const half = mux.WindowSize / 2
	var u unclaimed
	for i, c := range []struct {
		stream, bytes uint32
		flags         uint16
		want          uint32
		streams       int
	}{
		{1, 100, 0, 0, 1},
		{1, half - 101, 0, 0, 1},
		{3, 1, 0, 0, 2},
		{1, 1, 0, half, 1},
		{1, 5, 0, 0, 2},
		{1, 5, flagFIN, 0, 1},
		{3, 0, flagRST, 0, 0},
		{5, 1<<32 - 1, 0, mux.WindowSize, 0},
		{7, 0, 0, 0, 0},
		{7, 0, flagFIN, 0, 0},
	} {
		if got := u.came(c.stream, c.bytes, c.flags); got != c.want || len(u) != c.streams {
			t.Fatalf("%d: %d to give back, want %d; %d streams, want %d", i, got, c.want, len(u), c.streams)
		}
	}
	for i := range uint32(3 * unclaimedStreams) {
		u.came(2*i+1, 1, 0)
	}
	if len(u) > unclaimedStreams {
		t.Fatalf("%d streams are known", len(u))
	}
}

func TestWhatComesInForAStreamThatWasGivenUpIsGivenBack(t *testing.T) {
	const half = mux.WindowSize / 2
	body := make([]byte, half)
	p := newPartRig(t,
		frame(0, frameWindow, flagACK, 1, 0),
		slices.Concat(frame(0, frameData, 0, 1, half), body),
		slices.Concat(frame(0, frameData, 0, 2, half), body), // the server's own stream is yamux's
		slices.Concat(frame(0, frameData, flagFIN, 1, half), body),
	)
	p.discard()
	p.read(t)
	want := [][]byte{frame(0, frameWindow, flagFIN, 1, 0), frame(0, frameWindow, 0, 1, half)}
	if !slices.EqualFunc(p.sent, want, slices.Equal) {
		t.Fatalf("sent % x", p.sent)
	}
}

func TestARequestOfWhichNothingWasSentLeavesItsStreamToOthers(t *testing.T) {
	s, l := inline(t, &paperConn{})
	s.free = make(chan *lane, 1)
	s.conn.busy.Store(true) // somebody writes
	ctx, cancel := context.WithCancel(t.Context())
	window := l.route.Window.Load()
	done := make(chan bool)
	go func() {
		_, at, left, err := l.exchange(ctx, new(Request))
		done <- left && at == PhaseOpen && errors.Is(err, context.Canceled)
	}()
	awaitTrue(t, "the request", func() bool { return s.conn.queue.Load() != nil })
	cancel()
	if !<-done {
		t.Fatal("the lane was not left to others")
	}
	if next := <-s.free; next != l || l.route.Window.Load() != window || l.frame.State() != mux.FrameNew || l.turn.Load() != turnIdle || l.lent != nil {
		t.Fatalf("%+v", l)
	}
}
