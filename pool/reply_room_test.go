package pool_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// question is a call that came in on a stream of a raw server.
type question struct {
	*yamux.Stream
	in  *wire.Reader
	seq uint64
}

// takes reads the next call.
func (s rawServer) takes(tb testing.TB) question {
	tb.Helper()
	st, err := s.AcceptStream()
	noError(tb, err)
	_, err = io.ReadFull(st, make([]byte, 1)) // the mode
	noError(tb, err)
	return question{Stream: st, in: wire.NewReader(st)}.next(tb)
}

// next reads the next call on the same stream.
func (a question) next(tb testing.TB) question {
	tb.Helper()
	raw, err := a.in.Value(1 << 20)
	noError(tb, err)
	var h wire.RequestHeader
	noError(tb, wire.NewDecoder().Request(raw, &h))
	a.seq = h.Seq
	_, err = a.in.Value(1 << 20)
	noError(tb, err)
	return a
}

// begins sends the beginning of a reply whose body is so many bytes.
func (a question) begins(tb testing.TB, size int) {
	tb.Helper()
	head := append(wire.AppendReply(nil, wire.Header{Seq: a.seq}), 0xdb)
	_, err := a.Write(binary.BigEndian.AppendUint32(head, uint32(size)))
	noError(tb, err)
}

// More replies than there is room for come in at once: what they hold is bounded, the
// first one comes through, those without room say so, and all that were given up may be
// made again.
func TestRepliesThatComeInAtOnceShareABound(t *testing.T) {
	const each, all, n, body, part = 1 << 20, 2 << 20, 32, 1<<20 - 100, 200 << 10
	p := newPool(t, pool.Config{MaxReplyBytes: each, MaxPendingReplyBytes: all})
	addr, s := connectRaw(t, p)
	type reply struct {
		n   int
		err error
	}
	replies := make(chan reply, n)
	call := func() {
		var b []byte
		err := p.Call(within(t), addr, "Test.Large", nil, &b)
		replies <- reply{len(b), err}
	}
	ask := func() question {
		go call()
		return s.takes(t)
	}
	first := ask()
	first.begins(t, body)
	sent := part
	_, err := first.Write(make([]byte, part))
	noError(t, err)
	await(t, "the first reply", func() bool { return p.Stats().PendingReplyBytes > 0 })
	for range n - 1 {
		a := ask()
		a.begins(t, body)
		_, err := a.Write(make([]byte, part))
		noError(t, err)
		if used := p.Stats().PendingReplyBytes; used > all {
			t.Fatalf("%d bytes are held", used)
		}
	}
	// Those that have room have it still; the others have got an error.
	const most = n - 1 - (all-each)/(256<<10)
	await(t, "the refusals", func() bool { return p.Stats().RefusedReplies >= most })
	for range most {
		r := receive(t, "a refusal", replies)
		e := failed(t, r.err, pool.PhaseRead, pool.MaybeExecuted, nil)
		if room := as[*pool.RoomError](t, e); room.Limit != all || room.Received == 0 {
			t.Errorf("%+v", room)
		}
		saysOnce(t, e)
	}
	_, err = first.Write(make([]byte, body-sent))
	noError(t, err)
	come := func() {
		t.Helper()
		for {
			r := receive(t, "the reply", replies)
			if r.err == nil && r.n == body {
				return
			}
			if !errors.As(r.err, new(*pool.RoomError)) {
				t.Fatalf("%d bytes, %v", r.n, r.err)
			}
		}
	}
	come()
	// The next one has all the room it needs.
	go call()
	next := first.next(t)
	next.begins(t, body)
	_, err = next.Write(make([]byte, body))
	noError(t, err)
	come()
	if used := p.Stats().PendingReplyBytes; used > all {
		t.Errorf("%d bytes are held", used)
	}
}

// A caller that leaves amid a large reply gives its room back, although the server sends
// nothing more on the stream.
func TestACallThatWasLeftHoldsNoRoom(t *testing.T) {
	p := newPool(t, pool.Config{})
	addr, s := connectRaw(t, p)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- p.Call(ctx, addr, "Test.Large", nil, new([]byte)) }()
	a := s.takes(t)
	a.begins(t, 60<<20)
	_, err := a.Write(make([]byte, 8<<20))
	noError(t, err)
	await(t, "the reply", func() bool { return p.Stats().PendingReplyBytes > 7<<20 })
	leave()
	failed(t, receive(t, "the call's end", left), pool.PhaseRead, pool.MaybeExecuted, context.Canceled)
	if used := p.Stats().PendingReplyBytes; used != 0 {
		t.Errorf("%d bytes are held for a call that was left", used)
	}
}

// What takes too much memory is refused before it does.
func TestAReplyThatGrowsTooMuchIsAnError(t *testing.T) {
	type row struct{ Pad [1 << 10]byte }
	const n = 1 << 20
	for name, reply := range map[string]any{
		"rows": new([]row), "pointers": new([]*row), "lists of arrays": new([][4]row), "raw": new(pool.Raw), "nothing": nil,
	} {
		p := newPool(t, pool.Config{})
		addr, s := connectRaw(t, p)
		done := make(chan error, 1)
		go func() { done <- p.Call(within(t), addr, "Test.Rows", nil, reply) }()
		a := s.takes(t)
		out := binary.BigEndian.AppendUint32(append(wire.AppendReply(nil, wire.Header{Seq: a.seq}), 0xdd), n)
		for range n {
			out = append(out, 0x90)
		}
		_, err := a.Write(out)
		noError(t, err)
		err = receive(t, "the call's end", done)
		if name == "raw" || name == "nothing" {
			noError(t, err)
			continue
		}
		e := failed(t, err, pool.PhaseDecode, pool.MaybeExecuted, nil)
		if size := as[*pool.SizeError](t, e); !size.Decoded || size.Limit != 256<<20 {
			t.Errorf("%s: %+v", name, size)
		}
	}
}

func TestTheRoomForRepliesIsChecked(t *testing.T) {
	for _, c := range []struct {
		each, all int
		fits      bool
	}{
		{0, 0, true},
		{1 << 30, 0, true},
		{1 << 20, 1 << 20, true},
		{1 << 20, 1<<20 - 1, false},
		{0, 1 << 20, false},
		{0, -1, false},
	} {
		p, err := pool.New(pool.Config{MaxReplyBytes: c.each, MaxPendingReplyBytes: c.all})
		if p != nil {
			stop(t, p.Stop)
		}
		if (err == nil) != c.fits {
			t.Errorf("%d, %d: %v", c.each, c.all, err)
		} else if err != nil && as[*pool.ConfigError](t, err).Field != "MaxPendingReplyBytes" {
			t.Errorf("%v", err)
		}
	}
}
