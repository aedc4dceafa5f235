package mux

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// closingRig is stream 1 of a scripted connection, and the frames that go out.
type closingRig struct {
	*Conn
	route *Route
	sent  [][]byte
}

func newClosingRig(reads ...[]byte) *closingRig {
	p := &closingRig{}
	p.Conn = inline(newConn(&muxtest.Conn{Reads: reads, Wrote: func(b []byte) { p.sent = append(p.sent, slices.Clone(b)) }}))
	p.route = p.Routes.Add(1)
	<-p.Opens.Tokens()
	p.Opens.Took(0)
	return p
}

// read reads everything, and returns what yamux got.
func (p *closingRig) read(t *testing.T) []byte {
	t.Helper()
	got, err := muxtest.Drain(p)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	p.fault.Store(nil) // more may be written
	return got
}

func TestAStreamThatIsGivenUpEndsBehindItsAcknowledgement(t *testing.T) {
	ack, fin, rst := muxtest.Head(0, muxtest.Window, muxtest.ACK, 1, 0), muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0), muxtest.Head(0, muxtest.Window, muxtest.RST, 1, 0)
	both := muxtest.Head(0, muxtest.Window, muxtest.ACK|muxtest.FIN, 1, 0)
	for _, c := range []struct {
		name  string
		reads [][]byte // before the stream is given up, or else after it
		after bool
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
	} {
		p := newClosingRig(c.reads...)
		var yamux []byte
		if !c.after {
			yamux = p.read(t)
		}
		p.CloseStream(p.route)
		if c.after && len(p.sent) > 0 {
			t.Fatalf("%s: % x went out before the acknowledgement", c.name, p.sent)
		}
		yamux = append(yamux, p.read(t)...)
		if !slices.EqualFunc(p.sent, c.sent, slices.Equal) || !slices.Equal(yamux, c.yamux) {
			t.Errorf("%s: sent % x; yamux got % x", c.name, p.sent, yamux)
		}
		if has := p.Routes.Find(1) != nil; has != c.kept {
			t.Errorf("%s: its route is kept: %v", c.name, has)
		}
		want := int64(0)
		if len(c.reads) == 0 {
			want = 1
		}
		if n := p.Opens.Waiting(); n != want {
			t.Errorf("%s: %d streams are taken to wait still, want %d", c.name, n, want)
		}
	}
}

// A server whose answer is larger than the window must be allowed to send the rest, and
// small answers cost nothing.
func TestAServerMaySendAllOfAnAnswerOnAStreamThatWasGivenUp(t *testing.T) {
	const half = WindowSize / 2
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
		{1, 5, muxtest.FIN, 0, 1},
		{3, 0, muxtest.RST, 0, 0},
		{5, 1<<32 - 1, 0, WindowSize, 0},
		{7, 0, 0, 0, 0},
		{7, 0, muxtest.FIN, 0, 0},
	} {
		if got := u.add(c.stream, c.bytes, c.flags); got != c.want || len(u) != c.streams {
			t.Fatalf("%d: %d to give back, want %d; %d streams, want %d", i, got, c.want, len(u), c.streams)
		}
	}
	for i := range uint32(3 * unclaimedStreams) {
		u.add(2*i+1, 1, 0)
	}
	if len(u) > unclaimedStreams {
		t.Fatalf("%d streams are known", len(u))
	}
}

func TestTheWindowOfAStreamThatWasGivenUpIsGivenBack(t *testing.T) {
	const half = WindowSize / 2
	body := make([]byte, half)
	p := newClosingRig(
		muxtest.Head(0, muxtest.Window, muxtest.ACK, 1, 0),
		slices.Concat(muxtest.Head(0, muxtest.Data, 0, 1, half), body),
		slices.Concat(muxtest.Head(0, muxtest.Data, 0, 2, half), body), // the server's own stream is yamux's
		slices.Concat(muxtest.Head(0, muxtest.Data, muxtest.FIN, 1, half), body),
	)
	p.CloseStream(p.route)
	p.read(t)
	want := [][]byte{muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0), muxtest.Head(0, muxtest.Window, 0, 1, half)}
	if !slices.EqualFunc(p.sent, want, slices.Equal) {
		t.Fatalf("sent % x", p.sent)
	}
}
