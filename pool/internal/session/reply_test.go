package session

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// paper is a connection over a script.
func paper(c *muxtest.Conn) *mux.Conn { return connOn(c, newConfig()) }

// receiveOn has a call stream receive what comes in for its route.
func receiveOn(l *callStream) {
	to := mux.Receiver(l)
	l.route.Receiver.Store(&to)
}

// streamOn is a call stream on stream 1 of a connection; asked: it waits for a reply.
func streamOn(t *testing.T, r *mux.Conn, asked bool) *callStream {
	t.Helper()
	s := &Session{base: base{conn: r, cfg: newConfig()}}
	l := newCallStream(&s.base, s.idle)
	l.buf = takeBuffers()
	l.route = r.Routes.Add(1)
	receiveOn(l)
	if asked && !l.expectReply() {
		t.Fatal("closed")
	}
	return l
}

// answered reports whether the call stream is in stateAnswered, and takes the reply then.
func answered(t *testing.T, l *callStream) bool {
	t.Helper()
	there := l.state.Load() == stateAnswered
	select {
	case <-l.done:
		if !there {
			t.Fatal("the caller was woken for nothing")
		}
		l.takeReply()
	default:
		if there {
			t.Fatal("the caller was not woken")
		}
	}
	return there
}

// replyOf is a whole reply with size bytes of body.
func replyOf(t *testing.T, size int) []byte {
	t.Helper()
	b, err := wire.NewEncoder().Value(wire.AppendReply(nil, wire.Header{Seq: 7, ServiceMethod: "Test.Reply"}), bytes.Repeat([]byte{'r'}, size))
	noError(t, err)
	return b
}

func TestAReplyIsPutTogetherHoweverItArrivesCut(t *testing.T) {
	reply := replyOf(t, 60)
	half := len(reply) / 2
	pong := muxtest.Head(0, muxtest.Ping, muxtest.ACK, 0, 3)
	whole := slices.Concat(
		muxtest.Head(0, muxtest.Window, muxtest.ACK, 1, 0),
		muxtest.Head(0, muxtest.Data, muxtest.ACK, 1, uint32(half)), reply[:half],
		pong,
		append(muxtest.Head(0, muxtest.Data, 0, 5, 2), "xy"...), // a stream that is not known
		muxtest.Head(0, muxtest.Data, muxtest.FIN, 1, uint32(len(reply)-half)), reply[half:],
	)
	want := slices.Concat( // yamux sees everything but the data
		muxtest.Head(0, muxtest.Window, muxtest.ACK, 1, 0),
		muxtest.Head(0, muxtest.Window, muxtest.ACK, 1, 0),
		pong,
		muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0),
	)
	for i, reads := range muxtest.Cuts(whole) {
		r := paper(&muxtest.Conn{Reads: reads, Err: io.EOF})
		l := streamOn(t, r, true)
		got, err := muxtest.Drain(r)
		if !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
			t.Fatalf("cut %d: %v, yamux got\n% x\nwant\n% x", i, err, got, want)
		}
		if !answered(t, l) || l.err != nil || !bytes.Equal(l.buf.reply[:l.bodyEnd], reply) {
			t.Fatalf("cut %d: %v, %d bytes", i, l.err, len(l.buf.reply))
		}
		if l.route.Ended() != io.EOF {
			t.Fatalf("cut %d: the FIN behind the reply was not seen", i)
		}
		if l.expectReply() {
			t.Fatalf("cut %d: a stream that has ended can be asked again", i)
		}
	}
}

func TestBytesBehindAReplyAreRefusedHoweverTheyArriveCut(t *testing.T) {
	both := append(replyOf(t, 20), 1, 2)
	for i, reads := range muxtest.Cuts(slices.Concat(muxtest.Head(0, muxtest.Data, 0, 1, uint32(len(both))), both)) {
		r := paper(&muxtest.Conn{Reads: reads, Err: io.EOF})
		l := streamOn(t, r, true)
		_, _ = muxtest.Drain(r)
		if !answered(t, l) {
			t.Fatalf("cut %d: no answer", i)
		}
		if e, ok := errors.AsType[*failure](l.err); !ok || e.reason != "2 bytes behind the reply" {
			t.Fatalf("cut %d: %v", i, l.err)
		}
	}
}

func TestAStreamThatEndsFailsTheCallerThatWaits(t *testing.T) {
	part := replyOf(t, 20)[:10]
	data := func(flags uint16) []byte {
		return slices.Concat(muxtest.Head(0, muxtest.Data, flags, 1, 10), part)
	}
	for name, c := range map[string]struct {
		frames []byte
		want   error
		heard  bool
	}{
		"FIN":                {muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0), io.EOF, false},
		"RST":                {muxtest.Head(0, muxtest.Window, muxtest.RST, 1, 0), mux.ErrReset, false},
		"FIN on empty data":  {muxtest.Head(0, muxtest.Data, muxtest.FIN, 1, 0), io.EOF, false},
		"FIN with data":      {data(muxtest.FIN), io.EOF, true},
		"RST with data":      {data(muxtest.RST), mux.ErrReset, false}, // which is void
		"FIN behind data":    {append(data(0), muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0)...), io.EOF, true},
		"RST behind data":    {append(data(0), muxtest.Head(0, muxtest.Window, muxtest.RST, 1, 0)...), mux.ErrReset, true},
		"all flags together": {muxtest.Head(0, muxtest.Window, muxtest.ACK|muxtest.FIN|muxtest.RST, 1, 0), mux.ErrReset, false},
	} {
		r := paper(&muxtest.Conn{Reads: [][]byte{c.frames}, Err: io.EOF})
		l := streamOn(t, r, true)
		_, _ = muxtest.Drain(r)
		if !answered(t, l) || l.err != c.want || len(l.buf.reply) > 0 != c.heard {
			t.Errorf("%s: %v, %d bytes; want %v, some: %v", name, l.err, len(l.buf.reply), c.want, c.heard)
		}
		idle := paper(&muxtest.Conn{Reads: [][]byte{c.frames}, Err: io.EOF})
		l = streamOn(t, idle, false)
		_, _ = muxtest.Drain(idle)
		if answered(t, l) || l.expectReply() {
			t.Errorf("%s: an idle call stream can still be asked", name)
		}
	}
}

func TestBytesWithoutARequestSpoilTheCallStream(t *testing.T) {
	r := paper(&muxtest.Conn{Reads: [][]byte{append(muxtest.Head(0, muxtest.Data, 0, 1, 1), 'x')}, Err: io.EOF})
	l := streamOn(t, r, false)
	if got, _ := muxtest.Drain(r); len(got) != 0 {
		t.Fatalf("yamux got % x", got)
	}
	if l.expectReply() {
		t.Fatal("it can still be asked: the byte would pass for a part of the reply")
	}
}

// A call stream that was abandoned still takes what comes in, into nothing, until the peer
// ends its stream; then nothing is kept of it.
func TestBytesForACallStreamThatWasLeftAreDroppedAndItsRouteForgotten(t *testing.T) {
	reply := replyOf(t, 50)
	r := paper(&muxtest.Conn{Reads: [][]byte{
		slices.Concat(muxtest.Head(0, muxtest.Data, 0, 1, uint32(len(reply))), reply),
		muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0),
	}, Err: io.EOF})
	l := streamOn(t, r, true)
	if !l.abandon() || l.partial {
		t.Fatal("a reply of which nothing came in kept its caller")
	}
	r.CloseStream(l.route)
	b := make([]byte, 64)
	n, err := r.Read(b)
	if want := muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0); err != nil || !bytes.Equal(b[:n], want) {
		t.Fatalf("%v, yamux got % x", err, b[:n])
	}
	if len(l.buf.reply) != 0 || l.got != nil || r.Routes.Find(1) != nil {
		t.Fatalf("%d and %d bytes kept, route %v", len(l.buf.reply), len(l.got), r.Routes.Find(1))
	}
}

// It is kept until then, and its buffers must not be kept with it.
func TestACallStreamThatWasLeftHoldsNoBuffer(t *testing.T) {
	reply := replyOf(t, 50)
	frames := [][]byte{
		slices.Concat(muxtest.Head(0, muxtest.Data, 0, 1, 10), reply[:10]),
		slices.Concat(muxtest.Head(0, muxtest.Data, 0, 1, 10), reply[10:20]),
		slices.Concat(muxtest.Head(0, muxtest.Data, 0, 1, uint32(len(reply)-20)), reply[20:]),
		muxtest.Head(0, muxtest.Window, muxtest.FIN, 1, 0),
	}
	for name, c := range map[string]struct {
		before [][]byte // what comes in before the caller leaves
		after  [][]byte
	}{
		"before anything came in":         {nil, nil},
		"amid the reply, which goes on":   {frames[:1], frames[1:2]},
		"amid the reply, and all comes":   {frames[:2], frames[2:3]},
		"amid the reply, which then ends": {frames[:1], frames[3:]},
	} {
		conn := &muxtest.Conn{Reads: slices.Clone(c.before), Err: io.EOF}
		r := paper(conn)
		l := streamOn(t, r, true)
		l.buf.reply = make([]byte, 0, 1000) // of an earlier call
		_, _ = muxtest.Drain(r)
		if !l.abandon() {
			t.Fatalf("%s: answered", name)
		}
		l.dropBuffers()
		conn.Reads = slices.Clone(c.after)
		_, _ = muxtest.Drain(r)
		if l.got != nil || l.buf != nil && (l.buf.reply != nil || l.buf.request != nil) {
			t.Errorf("%s: it holds %+v, and %d bytes of a reply", name, l.buf, cap(l.got))
		}
	}
}

func TestAPeerThatSendsMoreThanItsWindowBreaksTheSession(t *testing.T) {
	r := paper(&muxtest.Conn{Reads: [][]byte{muxtest.Head(0, muxtest.Data, 0, 1, mux.WindowSize+1)}, Err: io.EOF})
	streamOn(t, r, true)
	_, err := muxtest.Drain(r)
	if e, ok := errors.AsType[*failure](err); !ok || e.what != "yamux" || r.Cause() != err {
		t.Fatalf("%v", err)
	}
}

func TestThePeerMaySendAgainAfterBytesCameIn(t *testing.T) {
	const size, each = 1 << 19, 64 << 10
	var reads [][]byte
	for b := replyOf(t, size); len(b) > 0; {
		n := min(each, len(b))
		reads = append(reads, muxtest.Head(0, muxtest.Data, 0, 1, uint32(n)), b[:n], muxtest.Head(0, muxtest.Ping, muxtest.ACK, 0, 1))
		b = b[n:]
	}
	c := &muxtest.Conn{Reads: reads}
	r := paper(c)
	l := streamOn(t, r, true)
	for b := make([]byte, 64); ; { // a ping at a time
		if _, err := r.Read(b); err != nil {
			break
		}
		if l.credit != nil {
			awaitTrue(t, "the credit", func() bool { return !l.credit.Pending() })
		}
	}
	if !answered(t, l) || l.err != nil {
		t.Fatalf("%v, %v: %d of %d bytes", l.err, r.Cause(), len(l.buf.reply), size)
	}
	var given uint32
	for _, w := range c.Writes {
		if n := binary.BigEndian.Uint32(w[8:]); bytes.Equal(w, muxtest.Head(0, muxtest.Window, 0, 1, n)) {
			given += n
			continue
		}
		t.Fatalf("% x", w)
	}
	if l.uncredited >= mux.WindowSize/2+each || int(given)+l.uncredited < size {
		t.Fatalf("%d bytes given back, %d not, of %d", given, l.uncredited, size)
	}
}

// The writer may be slow to settle a frame on which the peer has
// acted already: then nothing else would come in that lets this side look.
func TestThePeerIsLetSendAlsoWhileTheLastLeaveIsBeingWritten(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	r := paper(&muxtest.Conn{Hold: hold})
	l := streamOn(t, r, true)
	l.Received(mux.WindowSize/2, 0, false)
	awaitTrue(t, "the writer", func() bool { return l.credit.State() == mux.FrameWriting })
	first := l.credit
	l.Received(mux.WindowSize/2, 0, false)
	if l.uncredited != 0 || l.credit == first || l.credit.State() != mux.FrameQueued {
		t.Fatalf("%d bytes not given back, another frame is queued: %v", l.uncredited, l.credit != first)
	}
}

// The codec keeps the bytes of an extension where they lie, which is in a buffer
// that other calls will have.
func TestACallStreamHoldsNoBufferBehindAnExtension(t *testing.T) {
	for name, body := range map[string][]byte{
		"in a field":              {0x81, 0xa4, 'D', 'a', 't', 'a', 0xd4, 5, 0},
		"in one that is not read": {0x81, 0xa5, 'O', 't', 'h', 'e', 'r', 0xc7, 1, 5, 0},
	} {
		head := replyOf(t, 0)
		reply := slices.Concat(head[:len(head)-1], body)
		r := paper(&muxtest.Conn{Reads: [][]byte{muxtest.Head(0, muxtest.Data, 0, 1, uint32(len(reply))), reply}, Err: io.EOF})
		l := streamOn(t, r, true)
		l.seq = 7
		p := func() weak.Pointer[byte] {
			_, _ = muxtest.Drain(r)
			if !answered(t, l) || l.err != nil {
				t.Fatalf("%s: %v", name, l.err)
			}
			if at, err := l.finish(new(struct{ Data any })); err != nil {
				t.Fatalf("%s: %v, %v", name, at, err)
			}
			p := weak.Make(&l.buf.reply[0])
			l.buf = nil
			return p
		}()
		runtime.GC()
		runtime.GC()
		if p.Value() != nil {
			t.Errorf("%s: an idle call stream holds the buffer of a reply", name)
		}
		runtime.KeepAlive(l)
	}
}
