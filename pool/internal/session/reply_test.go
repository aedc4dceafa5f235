package session

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// laneOn is a lane on stream 1 of a tap, and asked says whether it waits for a
// reply.
func laneOn(t *testing.T, r *tap, asked bool) *lane {
	t.Helper()
	s := &session{tap: r, pool: &Pool{cfg: Config{MaxReplyBytes: 1 << 20}}}
	l := newLane(s)
	l.lent = lend()
	l.route = r.ports.add(1)
	l.route.Receiver.Store(l)
	if asked && !l.ask() {
		t.Fatal("closed")
	}
	return l
}

// answered says whether the lane's turn is answered, and that its caller is told,
// who takes the answer.
func answered(t *testing.T, l *lane) bool {
	t.Helper()
	there := l.turn.Load() == turnAnswered
	select {
	case <-l.done:
		if !there {
			t.Fatal("the caller was told of nothing")
		}
		l.take()
	default:
		if there {
			t.Fatal("the caller was not told")
		}
	}
	return there
}

// replyOf is a whole reply with size bytes of body.
func replyOf(t *testing.T, size int) []byte {
	t.Helper()
	b, err := wire.NewEncoder().Reply(nil, wire.Header{Seq: 7, ServiceMethod: "Test.Reply"}, bytes.Repeat([]byte{'r'}, size))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAReplyIsPutTogetherHoweverItArrivesCut(t *testing.T) {
	reply := replyOf(t, 60)
	half := len(reply) / 2
	pong := frame(0, framePing, flagACK, 0, 3)
	whole := slices.Concat(
		frame(0, frameWindow, flagACK, 1, 0),
		frame(0, frameData, flagACK, 1, uint32(half)), reply[:half],
		pong,
		append(frame(0, frameData, 0, 5, 2), "xy"...), // nobody knows it
		frame(0, frameData, flagFIN, 1, uint32(len(reply)-half)), reply[half:],
	)
	want := slices.Concat( // yamux sees everything but the data
		frame(0, frameWindow, flagACK, 1, 0),
		frame(0, frameWindow, flagACK, 1, 0),
		pong,
		append(frame(0, frameData, 0, 5, 2), "xy"...),
		frame(0, frameWindow, flagFIN, 1, 0),
	)
	for i, reads := range cuts(whole) {
		r := tapOn(&paperConn{reads: reads, err: io.EOF})
		l := laneOn(t, r, true)
		got, err := drain(r)
		if !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
			t.Fatalf("cut %d: %v, yamux got\n% x\nwant\n% x", i, err, got, want)
		}
		if !answered(t, l) || l.err != nil || !bytes.Equal(l.lent.reply[:l.end], reply) {
			t.Fatalf("cut %d: %v, %d bytes", i, l.err, len(l.lent.reply))
		}
		if l.route.ended.Load() != flagFIN {
			t.Fatalf("cut %d: the FIN behind the reply was not seen", i)
		}
		if l.ask() {
			t.Fatalf("cut %d: a stream that has ended can be asked again", i)
		}
	}
}

func TestBytesBehindAReplyAreRefusedHoweverTheyArriveCut(t *testing.T) {
	both := append(replyOf(t, 20), 1, 2)
	for i, reads := range cuts(slices.Concat(frame(0, frameData, 0, 1, uint32(len(both))), both)) {
		r := tapOn(&paperConn{reads: reads, err: io.EOF})
		l := laneOn(t, r, true)
		_, _ = drain(r)
		if !answered(t, l) {
			t.Fatalf("cut %d: no answer", i)
		}
		if e, ok := errors.AsType[*ProtocolError](l.err); !ok || e.Reason != "2 bytes behind the reply" {
			t.Fatalf("cut %d: %v", i, l.err)
		}
	}
}

func TestAStreamThatEndsFailsWhoWaitsForIt(t *testing.T) {
	part := replyOf(t, 20)[:10]
	data := func(flags uint16) []byte {
		return slices.Concat(frame(0, frameData, flags, 1, 10), part)
	}
	for name, c := range map[string]struct {
		frames []byte
		want   error
		heard  bool
	}{
		"FIN":                {frame(0, frameWindow, flagFIN, 1, 0), io.EOF, false},
		"RST":                {frame(0, frameWindow, flagRST, 1, 0), yamux.ErrConnectionReset, false},
		"FIN on empty data":  {frame(0, frameData, flagFIN, 1, 0), io.EOF, false},
		"FIN with data":      {data(flagFIN), io.EOF, true},
		"RST with data":      {data(flagRST), yamux.ErrConnectionReset, false}, // which is void
		"FIN behind data":    {append(data(0), frame(0, frameWindow, flagFIN, 1, 0)...), io.EOF, true},
		"RST behind data":    {append(data(0), frame(0, frameWindow, flagRST, 1, 0)...), yamux.ErrConnectionReset, true},
		"all flags together": {frame(0, frameWindow, flagACK|flagFIN|flagRST, 1, 0), yamux.ErrConnectionReset, false},
	} {
		r := tapOn(&paperConn{reads: [][]byte{c.frames}, err: io.EOF})
		l := laneOn(t, r, true)
		_, _ = drain(r)
		if !answered(t, l) || l.err != c.want || len(l.lent.reply) > 0 != c.heard {
			t.Errorf("%s: %v, %d bytes; want %v, some: %v", name, l.err, len(l.lent.reply), c.want, c.heard)
		}
		idle := tapOn(&paperConn{reads: [][]byte{c.frames}, err: io.EOF})
		l = laneOn(t, idle, false)
		_, _ = drain(idle)
		if answered(t, l) || l.ask() {
			t.Errorf("%s: an idle lane can still be asked", name)
		}
	}
}

func TestBytesThatNobodyAskedForSpoilTheLane(t *testing.T) {
	r := tapOn(&paperConn{reads: [][]byte{append(frame(0, frameData, 0, 1, 1), 'x')}, err: io.EOF})
	l := laneOn(t, r, false)
	if got, _ := drain(r); len(got) != 0 {
		t.Fatalf("yamux got % x", got)
	}
	if l.ask() {
		t.Fatal("it can still be asked: the byte would pass for a part of the reply")
	}
}

// A lane that was left still takes what comes in, into nothing, until the peer
// ends its stream; then nothing is kept of it.
func TestWhatComesInForALaneThatWasLeftIsDroppedAndItsPortForgotten(t *testing.T) {
	reply := replyOf(t, 50)
	r := tapOn(&paperConn{reads: [][]byte{
		slices.Concat(frame(0, frameData, 0, 1, uint32(len(reply))), reply),
		frame(0, frameWindow, flagFIN, 1, 0),
	}, err: io.EOF})
	l := laneOn(t, r, true)
	if !l.leave() || l.amid {
		t.Fatal("a reply of which nothing came in kept its caller")
	}
	r.part(l.route)
	b := make([]byte, 64)
	n, err := r.Read(b)
	if want := frame(0, frameWindow, flagFIN, 1, 0); err != nil || !bytes.Equal(b[:n], want) {
		t.Fatalf("%v, yamux got % x", err, b[:n])
	}
	if len(l.lent.reply) != 0 || l.got != nil || r.ports.find(1) != nil {
		t.Fatalf("%d and %d bytes kept, port %v", len(l.lent.reply), len(l.got), r.ports.find(1))
	}
}

// Until then the lane is kept, so who is done with the reply's buffer lets go of it.
func TestALaneThatWasLeftHoldsNoBuffer(t *testing.T) {
	reply := replyOf(t, 50)
	frames := [][]byte{
		slices.Concat(frame(0, frameData, 0, 1, 10), reply[:10]),
		slices.Concat(frame(0, frameData, 0, 1, 10), reply[10:20]),
		slices.Concat(frame(0, frameData, 0, 1, uint32(len(reply)-20)), reply[20:]),
		frame(0, frameWindow, flagFIN, 1, 0),
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
		conn := &paperConn{reads: slices.Clone(c.before), err: io.EOF}
		r := tapOn(conn)
		l := laneOn(t, r, true)
		l.lent.reply = make([]byte, 0, 1000) // of an earlier call
		_, _ = drain(r)
		if !l.leave() {
			t.Fatalf("%s: answered", name)
		}
		l.strip()
		conn.reads = slices.Clone(c.after)
		_, _ = drain(r)
		if l.got != nil || l.lent != nil && (l.lent.reply != nil || l.lent.request != nil) {
			t.Errorf("%s: it holds %+v, and %d bytes of a reply", name, l.lent, cap(l.got))
		}
	}
}

func TestAPeerThatSendsMoreThanItsWindowBreaksTheSession(t *testing.T) {
	r := tapOn(&paperConn{reads: [][]byte{frame(0, frameData, 0, 1, mux.WindowSize+1)}, err: io.EOF})
	laneOn(t, r, true)
	_, err := drain(r)
	if e, ok := errors.AsType[*ProtocolError](err); !ok || e.Layer != "yamux" || r.cause() != err {
		t.Fatalf("%v", err)
	}
}

func TestThePeerMaySendAgainWhatCameIn(t *testing.T) {
	const size, each = 1 << 19, 64 << 10
	var reads [][]byte
	for b := replyOf(t, size); len(b) > 0; {
		n := min(each, len(b))
		reads = append(reads, frame(0, frameData, 0, 1, uint32(n)), b[:n], frame(0, framePing, flagACK, 0, 1))
		b = b[n:]
	}
	c := &paperConn{reads: reads}
	r := tapOn(c)
	l := laneOn(t, r, true)
	for b := make([]byte, 64); ; { // a ping at a time
		if _, err := r.Read(b); err != nil {
			break
		}
		if l.credit != nil {
			settled(t, l.credit)
		}
	}
	if !answered(t, l) || l.err != nil {
		t.Fatalf("%v, %v: %d of %d bytes", l.err, r.cause(), len(l.lent.reply), size)
	}
	var given uint32
	for _, w := range c.writes {
		_, stream, n := headOf(w)
		if w[1] != frameWindow || stream != 1 {
			t.Fatalf("% x", w)
		}
		given += n
	}
	if l.owed >= mux.WindowSize/2+each || int(given)+l.owed < size {
		t.Fatalf("%d bytes given back, %d owed of %d", given, l.owed, size)
	}
}

// Whoever writes may be slow to say that a frame is written, when the peer has
// acted on it already: then nothing else would come in that lets this side look.
func TestThePeerIsLetSendAlsoWhileTheLastLeaveIsBeingWritten(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	r := tapOn(&paperConn{hold: hold})
	l := laneOn(t, r, true)
	l.received(mux.WindowSize/2, 0, false)
	awaitTrue(t, "the writer", func() bool { return l.credit.State() == mux.FrameWriting })
	first := l.credit
	l.received(mux.WindowSize/2, 0, false)
	if l.owed != 0 || l.credit == first || r.queue.Load() != l.credit {
		t.Fatalf("%d bytes owed, another frame is queued: %v", l.owed, l.credit != first)
	}
}

// The codec keeps the bytes of an extension where they lie, which is in a buffer
// that other calls will have.
func TestALaneHoldsNoBufferBehindAnExtension(t *testing.T) {
	for name, body := range map[string][]byte{
		"in a field":         {0x81, 0xa4, 'D', 'a', 't', 'a', 0xd4, 5, 0},
		"in one nobody asks": {0x81, 0xa5, 'O', 't', 'h', 'e', 'r', 0xc7, 1, 5, 0},
	} {
		head := replyOf(t, 0)
		reply := slices.Concat(head[:len(head)-1], body)
		r := tapOn(&paperConn{reads: [][]byte{frame(0, frameData, 0, 1, uint32(len(reply))), reply}, err: io.EOF})
		l := laneOn(t, r, true)
		l.seq = 7
		p := func() weak.Pointer[byte] {
			_, _ = drain(r)
			if !answered(t, l) || l.err != nil {
				t.Fatalf("%s: %v", name, l.err)
			}
			if at, err := l.finish(new(struct{ Data any })); err != nil {
				t.Fatalf("%s: %v, %v", name, at, err)
			}
			p := weak.Make(&l.lent.reply[0])
			l.lent = nil
			return p
		}()
		runtime.GC()
		runtime.GC()
		if p.Value() != nil {
			t.Errorf("%s: an idle lane holds the buffer of a reply", name)
		}
		runtime.KeepAlive(l)
	}
}
