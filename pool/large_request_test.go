package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

// later has a method of the caller's own that the codec calls for its bytes.
type later struct{ bytes func() ([]byte, error) }

func (l later) MarshalBinary() ([]byte, error) { return l.bytes() }
func (*later) UnmarshalBinary([]byte) error    { return nil }

// pieces are arguments whose second part is asked for when the first one, if it is large, was sent.
type pieces struct {
	First  []byte
	Second later
	Third  []byte
}

// More than the first window, so that the server must have taken some of the first part.
const firstPart = 300 << 10

func TestARequestThatFailsAmidItsBodyIsNotExecuted(t *testing.T) {
	wrong := errors.New("cannot be told")
	for name, ends := range map[string]later{
		"an error": {func() ([]byte, error) { return nil, wrong }},
		"a panic":  {func() ([]byte, error) { panic(wrong) }},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := startServer(t), newPool(t, pool.Config{})
			ping(t, p, s.Addr())
			before := s.Counts().Requests
			for range 3 {
				err := p.Call(within(t), s.Addr(), "Echo.Echo", &pieces{First: make([]byte, firstPart), Second: ends}, nil)
				failed(t, err, pool.PhaseFind, pool.NotSent, nil)
				as[*pool.EncodeError](t, err)
			}
			ping(t, p, s.Addr())
			if st, n := p.Stats(), s.Counts().Requests-before; st.Dials != 1 || st.CallsInFlight != 0 || n != 1 {
				t.Fatalf("%+v, %d requests, want the ping alone", st, n)
			}
		})
	}
}

func TestACodecThatEndsItsGoroutineAmidTheBodyLeavesNoCallBehind(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for range 3 {
		gone, returned := make(chan struct{}), false
		go func() {
			defer close(gone)
			leaves := later{func() ([]byte, error) { runtime.Goexit(); return nil, nil }}
			_ = p.Call(within(t), s.Addr(), "Echo.Echo", &pieces{First: make([]byte, firstPart), Second: leaves}, nil)
			returned = true
		}()
		receive(t, "the end of the goroutine", gone)
		if st := p.Stats(); returned || st.CallsInFlight != 0 {
			t.Fatalf("%+v, and the call returned: %v", st, returned)
		}
		ping(t, p, s.Addr())
	}
}

// The codec stands still where the peer has no room. Whoever leaves then ends it: a goroutine that
// is left is noticed at the end of all tests.
func TestACallerLeavesAmidABodyThatThePeerDoesNotTake(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	never := later{func() ([]byte, error) { t.Error("what comes later was asked for"); return nil, nil }}
	left := call(ctx, p, f.addr, "X.Y", &pieces{First: make([]byte, 1<<20), Second: never})
	f.opened(1)
	f.says(frameOf(kindWindow, ackFlag, 1, 0, nil))
	f.windowful(1)
	f.settle()
	cancel()
	failed(t, receive(t, "the call", left).err, pool.PhaseWrite, pool.MaybeExecuted, context.Canceled)
	f.next(kindWindow, finFlag, 1)
}

// A server that answers before it has read all of a request has its answer taken, and the stream
// is not used again.
func TestAnAnswerAmidTheBodyIsTaken(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	early := call(within(t), p, f.addr, "X.Y", make([]byte, 1<<20))
	f.opened(1)
	f.says(frameOf(kindWindow, ackFlag, 1, 0, nil))
	f.windowful(1)
	f.says(frameOf(kindData, 0, 1, 0, answer(t, 1, "too large")))
	if r := receive(t, "the call", early); r.err != nil || r.reply != "too large" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	f.next(kindWindow, finFlag, 1)
}

// Values of all sizes, of types whose values were small or large before, arrive as they are. Theirs is
// a type of its own: a test that has a part of a request sent needs one whose last value was not small.
func TestRequestsOfAllSizesArriveWhole(t *testing.T) {
	type varied pieces
	s, p := startServer(t), newPool(t, pool.Config{})
	r := rand.New(rand.NewPCG(3, 7))
	for i := range 200 {
		n := r.IntN(1 << (8 + r.IntN(11)))
		if i%8 == 0 {
			n = 32<<10*(1+r.IntN(4)) + r.IntN(80) - 60 // about what is sent at once
		}
		first, third := bytes.Repeat(noise(uint64(n)), 1+n/noiseSize)[:n], []byte(fmt.Sprint(i))
		second := later{func() ([]byte, error) { return bytes.Repeat(third, 1+n%300), nil }}
		var got struct{ First, Second, Third []byte }
		noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", &varied{first, second, third}, &got))
		if !bytes.Equal(got.First, first) || !bytes.Equal(got.Third, third) || !bytes.Equal(got.Second, bytes.Repeat(third, 1+n%300)) {
			t.Fatalf("call %d, of %d bytes: %d, %d and %d came back", i, n, len(got.First), len(got.Second), len(got.Third))
		}
	}
	if st := p.Stats(); st.Streams != 1 {
		t.Fatalf("%+v", st)
	}
}
