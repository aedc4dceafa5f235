package pool_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The peer of many large requests on one session stops to take them: all end when their callers leave,
// the pool stops or the peer is gone, and nothing of them is left.
func TestManyLargeRequestsThatThePeerStopsToTakeEnd(t *testing.T) {
	const calls, window = 128, 256<<10 - 1 // less the mode byte
	for name, end := range map[string]func(f *framePeer, p *pool.Pool, leave func()){
		"the callers leave": func(_ *framePeer, _ *pool.Pool, leave func()) { leave() },
		"the pool stops":    func(f *framePeer, p *pool.Pool, _ func()) { stop(f, p.Stop) },
		"the peer is gone":  func(f *framePeer, _ *pool.Pool, _ func()) { _ = f.near.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			f, p := startFramePeer(t), newPool(t, pool.Config{})
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			ended := make(chan error, calls)
			for range calls {
				go func() { ended <- p.Call(ctx, f.addr, "X.Y", make([]byte, 1<<20), nil) }()
			}
			for took := 0; took < calls*window; {
				switch s := receive(t, "a frame", f.frames); {
				case s.flags&synFlag != 0:
					f.says(frameOf(kindWindow, ackFlag, s.stream, 0, nil))
				case s.kind == kindData && len(s.body) > 1:
					took += len(s.body)
				}
			}
			f.settle()
			end(f, p, leave)
			for range calls {
				failed(t, receive(t, "the end of a call", ended), pool.PhaseWrite, pool.MaybeExecuted, nil)
			}
			if st := p.Stats(); st.CallsInFlight != 0 || st.Dials != 1 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// A method of the arguments blocks amid the body. What ends the call waits for that method and nothing
// else: other calls, and Stop, do not.
func TestACodecThatBlocksAmidTheBodyHoldsUpItsCallAlone(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, s *testutil.Server, p *pool.Pool, leave, move func()){
		"its caller leaves": func(t *testing.T, s *testutil.Server, p *pool.Pool, leave, _ func()) { leave(); ping(t, p, s.Addr()) },
		"it is to move":     func(t *testing.T, s *testutil.Server, p *pool.Pool, _, move func()) { move(); ping(t, p, s.Addr()) },
		"the pool stops":    func(t *testing.T, _ *testutil.Server, p *pool.Pool, _, _ func()) { stop(t, p.Stop) },
		"the server dies": func(t *testing.T, s *testutil.Server, p *pool.Pool, _, _ func()) {
			s.Kill()
			await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := startServer(t), newPool(t, pool.Config{})
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			entered, release, moved, ended := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan error, 1)
			blocks := later{func() ([]byte, error) { close(entered); <-release; return make([]byte, 100<<10), nil }}
			before := s.Counts().Requests
			go func() {
				args := &pieces{First: make([]byte, firstPart), Second: blocks}
				ended <- p.Do(ctx, s.Addr(), &pool.Request{Method: "Echo.Echo", Args: args, Moved: moved})
			}()
			receive(t, "the codec", entered)
			end(t, s, p, leave, func() { close(moved) })
			if len(ended) > 0 {
				t.Error("the call has ended amid a method of its arguments")
			}
			close(release)
			// What its caller or a move ends may be answered before, or have no stream yet.
			if err := receive(t, "the call", ended); err != nil && as[*pool.CallError](t, err).Outcome == pool.Rejected {
				t.Error(err)
			}
			if st, n := p.Stats(), s.Counts().Requests-before; st.CallsInFlight != 0 || n > 2 { // one may be a ping
				t.Errorf("%+v, %d requests", st, n)
			}
		})
	}
}

// A peer that has room for few bytes at a time gets all of them, in their order.
func TestALargeRequestPassesAWindowOfAFewBytes(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	args := bytes.Repeat(noise(9)[:60<<10], 5)
	done := call(within(t), p, f.addr, "X.Y", args)
	f.opened(1)
	f.says(frameOf(kindWindow, ackFlag, 1, 0, nil))
	body, err := wire.NewEncoder().Value(nil, args)
	noError(t, err)
	want := append(wire.AppendRequest(nil, 1, "X.Y"), body...)
	var got []byte
	takes := func(until int) {
		for until = min(until, len(want)); len(got) < until; {
			got = append(got, f.next(kindData, 0, 1).body...)
		}
	}
	takes(256<<10 - 1)
	for n := 0; len(got) < len(want); n++ {
		room := 1 + n%97
		f.says(frameOf(kindWindow, 0, 1, uint32(room), nil))
		takes(len(got) + room)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes that differ, want %d", len(got), len(want))
	}
	f.says(frameOf(kindData, 0, 1, 0, answer(t, 1, "fine")))
	if r := receive(t, "the call", done); r.err != nil || r.reply != "fine" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
}
