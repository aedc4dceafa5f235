package session

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// announced is the beginning of a reply whose body announces size bytes.
func announced(size int) []byte {
	head := append(wire.AppendReply(nil, wire.Header{Seq: 7, ServiceMethod: "Test.Reply"}), 0xdb)
	return binary.BigEndian.AppendUint32(head, uint32(size))
}

// roomFor are call streams of one pool that wait for replies, of up to each bytes, and for
// all of all bytes.
func roomFor(t *testing.T, n, each, all int) []*callStream {
	t.Helper()
	cfg := newConfig()
	cfg.MaxReplyBytes, cfg.MaxPendingReplyBytes = each, all
	streams := make([]*callStream, n)
	for i := range streams {
		r := connOn(&muxtest.Conn{Err: io.EOF}, cfg)
		s := &Session{base: base{conn: r, cfg: cfg}}
		l := newCallStream(&s.base, s.idle)
		l.buf, l.route = &buffers{}, r.Routes.Add(1)
		receiveOn(l)
		if !l.expectReply() {
			t.Fatal("closed")
		}
		streams[i] = l
	}
	return streams
}

// feed has b come in for l. It reports false if there was no room.
func feed(l *callStream, b []byte) bool {
	for len(b) > 0 {
		to := l.Space(len(b))
		n := copy(to, b)
		if to == nil {
			n = len(b)
		}
		l.Received(n, 0, to != nil)
		if to == nil {
			return false
		}
		b = b[n:]
	}
	return true
}

// holds is what the replies of the streams hold, in bytes.
func holds(streams []*callStream) (n int) {
	for _, l := range streams {
		if l.state.Load() != stateAnswered || l.err == nil {
			n += cap(l.got)
		}
	}
	return n
}

func isRoom(err error) bool {
	e, ok := errors.AsType[*failure](err)
	return ok && e.what == "room"
}

func TestAllRepliesTogetherAreBoundedAndTheFirstComesThrough(t *testing.T) {
	const each, all, body = 1 << 20, 4 << 20, 1<<20 - 200
	streams := roomFor(t, 40, each, all)
	room := streams[0].session.cfg.Replies
	for _, l := range streams {
		feed(l, announced(body))
	}
	refused := map[*callStream]bool{}
	for came := 0; came < body; came += 4 << 10 {
		for i, l := range streams {
			if refused[l] {
				continue
			}
			if ok := feed(l, make([]byte, min(4<<10, body-came))); !ok {
				if refused[l] = true; i == 0 {
					t.Fatalf("the first was refused after %d bytes", came)
				}
				if l.state.Load() != stateAnswered || !isRoom(l.err) {
					t.Fatalf("state %d, %v", l.state.Load(), l.err)
				}
				<-l.done
				l.takeReply()
				l.discard()
			}
		}
		if used := room.used.Load(); used > all {
			t.Fatalf("%d bytes claimed", used)
		}
		if n := holds(streams); n > all+len(streams)*freeReply {
			t.Fatalf("%d bytes held", n)
		}
	}
	whole := 0
	for _, l := range streams {
		if l.state.Load() != stateAnswered || l.err != nil {
			continue
		}
		whole++
		<-l.done
		l.takeReply()
		l.reset()
	}
	if whole < 3 || whole > 4 || room.used.Load() != 0 || room.senior.Load() != nil {
		t.Errorf("%d came through; %d bytes claimed, %p first", whole, room.used.Load(), room.senior.Load())
	}
}

// The room of the first is the next one's when it is done.
func TestTheRoomOfTheFirstIsGivenOn(t *testing.T) {
	const each, all = 1 << 20, 1 << 20 // only one may be large
	streams := roomFor(t, 3, each, all)
	for i, l := range streams {
		if !feed(l, announced(each-100)) || !feed(l, make([]byte, each/2)) {
			t.Fatalf("reply %d was refused", i)
		}
		if other := streams[(i+1)%3]; i < 2 && feed(roomMate(t, other), append(announced(each-100), make([]byte, each/2)...)) {
			t.Fatalf("another one came in beside reply %d", i)
		}
		if !l.abandon() {
			t.Fatal("answered")
		}
		l.discard()
	}
	if room := streams[0].session.cfg.Replies; room.used.Load() != 0 || room.senior.Load() != nil {
		t.Errorf("%d bytes claimed", room.used.Load())
	}
}

// roomMate is another call stream of the pool of l.
func roomMate(t *testing.T, l *callStream) *callStream {
	t.Helper()
	cfg := l.session.cfg
	r := connOn(&muxtest.Conn{Err: io.EOF}, cfg)
	s := &Session{base: base{conn: r, cfg: cfg}}
	mate := newCallStream(&s.base, s.idle)
	mate.buf, mate.route = &buffers{}, r.Routes.Add(1)
	receiveOn(mate)
	if !mate.expectReply() {
		t.Fatal("closed")
	}
	return mate
}

// A caller that leaves gives the room back at once, and what has come, whatever the
// reading goroutine does at that moment.
func TestAReplyThatWasLeftHoldsNothing(t *testing.T) {
	const each = 1 << 20
	for name, leave := range map[string]func(l *callStream){
		"between two frames": func(l *callStream) { l.abandon() },
		"amid a frame": func(l *callStream) {
			if l.Space(100) == nil {
				t.Fatal("no space")
			}
			l.abandon()
			l.Received(100, 0, true)
		},
		"amid a frame, which is the last one": func(l *callStream) {
			b := make([]byte, each-100-each/2)
			for len(b) > 0 {
				n := copy(l.Space(len(b)), b)
				if b = b[n:]; len(b) == 0 {
					l.abandon()
				}
				l.Received(n, 0, true)
			}
		},
		"before more room is claimed": func(l *callStream) {
			l.state.Store(stateFilling)
			l.got = l.got[:cap(l.got)]
			l.abandon()
			if l.makeRoom() {
				t.Error("there is room for nobody")
			}
		},
		"before the first byte": func(l *callStream) {
			mate := roomMate(t, l)
			mate.abandon()
			feed(mate, announced(each-100))
			l.abandon()
		},
	} {
		l := roomFor(t, 1, each, 2*each)[0]
		if !feed(l, append(announced(each-100), make([]byte, each/2)...)) {
			t.Fatal("refused")
		}
		room := l.session.cfg.Replies
		if room.used.Load() < each/2-freeReply {
			t.Fatalf("%d bytes claimed", room.used.Load())
		}
		leave(l)
		if l.state.Load() != stateAbandoned || !l.partial {
			t.Fatalf("%s: state %d", name, l.state.Load())
		}
		if n := room.used.Load(); n != 0 || room.senior.Load() != nil {
			t.Errorf("%s: %d bytes are claimed still", name, n)
		}
		l.dropBuffers()
		if l.got != nil || l.buf != nil && l.buf.reply != nil {
			t.Errorf("%s: %d bytes of the reply are kept", name, cap(l.got))
		}
	}
}

// Memory grows with what came, whatever was announced, and however slowly it comes.
func TestAReplyThatTricklesInHoldsLittle(t *testing.T) {
	const each = 64 << 20
	l := roomFor(t, 1, each, 4*each)[0]
	b := append(announced(each-100), make([]byte, 40_000)...)
	for i, c := range b {
		if !feed(l, []byte{c}) {
			t.Fatal("refused")
		}
		if n := cap(l.got); n > max(4096, 2*spareTimes*(i+300)) {
			t.Fatalf("%d bytes are held after %d", n, i+1)
		}
	}
	if n := l.session.cfg.Replies.used.Load(); n > int64(2*spareTimes*len(b)) {
		t.Errorf("%d bytes are claimed for %d", n, len(b))
	}
}

// A length that is announced costs nothing by itself.
func TestWhatIsAnnouncedIsNotAllocated(t *testing.T) {
	header := wire.AppendReply(nil, wire.Header{Seq: 7})
	for name, head := range map[string][]byte{
		"array": {0xdd, 0x00, 0x3f, 0xff, 0x00}, "map": {0xdf, 0x00, 0x1f, 0xff, 0x00}, "string": {0xdb, 3, 0, 0, 0},
		"bytes": {0xc6, 3, 0, 0, 0}, "extension": {0xc9, 3, 0, 0, 0, 1},
	} {
		l := roomFor(t, 1, 64<<20, 256<<20)[0]
		if !feed(l, slices.Concat(header, head, []byte{0, 0, 0})) || l.state.Load() != stateReading || cap(l.got) > 4096 {
			t.Errorf("%s: state %d, %v; %d bytes held", name, l.state.Load(), l.err, cap(l.got))
		}
	}
	for name, head := range map[string][]byte{
		"array": {0xdd, 0xff, 0xff, 0xff, 0xff}, "map": {0xdf, 0xff, 0xff, 0xff, 0xff}, "string": {0xdb, 0xff, 0xff, 0xff, 0xff},
		"bytes": {0xc6, 0xff, 0xff, 0xff, 0xff}, "extension": {0xc9, 0xff, 0xff, 0xff, 0xff, 1},
		"nested lists": bytes.Repeat([]byte{0x91}, wire.MaxDepth+1),
	} {
		l := roomFor(t, 1, 64<<20, 256<<20)[0]
		feed(l, slices.Concat(header, head))
		if l.state.Load() != stateAnswered || l.err == nil || cap(l.got) > 4096 {
			t.Errorf("%s: state %d, %v; %d bytes held", name, l.state.Load(), l.err, cap(l.got))
		}
	}
}

// A large buffer is not kept for a call that may wait for minutes.
func TestABufferThatACallGetsIsSmall(t *testing.T) {
	for range 100 {
		b := takeBuffers()
		b.small, b.reply = make([]byte, 0, 4096), make([]byte, 0, keepBuffer)
		b.release()
		next := takeBuffers()
		if n := cap(next.reply); n > freeReply {
			t.Fatalf("%d bytes", n)
		}
		next.release()
	}
}

func TestASpareBufferIsLargeEnoughAndNotFarTooLarge(t *testing.T) {
	sizes := []int{freeReply + 1, 2 * freeReply, 100_000, 1 << 20, 3 << 20, 1<<24 + 1, mostLarge}
	var given [][]byte // made first: a collection would take what is put
	for _, size := range append(sizes, freeReply, mostLarge+1, 2*mostLarge) {
		given = append(given, make([]byte, 3, size))
	}
	taken := 0
	for range 10 { // a pool may lose what is put into it
		for _, b := range given {
			putLarge(b)
		}
		for _, size := range append(sizes, mostLarge+1, 1<<40) {
			b := takeLarge(size)
			switch {
			case b == nil:
			case size > mostLarge || len(b.b) != 0 || cap(b.b) < size || cap(b.b) > min(spareTimes*size, mostLarge):
				t.Fatalf("a buffer of %d bytes for %d", cap(b.b), size)
			default:
				taken++
			}
		}
	}
	if taken == 0 {
		t.Error("no buffer was used again")
	}
}

// What a value may share is used by nobody else.
func TestABufferThatWasGivenAwayIsNotUsedAgain(t *testing.T) {
	for range 100 {
		given := make([]byte, 0, 2*keepBuffer)
		b := takeBuffers()
		b.small, b.reply, b.given = nil, given, true
		b.release()
		if b.given || b.reply != nil {
			t.Fatal("the next call has it")
		}
		if next := takeLarge(cap(given)); next != nil && &next.b[:1][0] == &given[:1][0] {
			t.Fatal("another reply has it")
		}
	}
}
