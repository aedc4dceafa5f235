package trips

import (
	"context"
	"net"
	"net/rpc"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/path"
)

// fartherServer is farServer over a line with a rate.
type fartherServer struct {
	farServer
	path *path.Path
}

func (s *fartherServer) dial(context.Context, string, string) (net.Conn, error) {
	near, entry := net.Pipe()
	exit, end := net.Pipe()
	go s.path.Join(entry, exit)
	go s.serve(end)
	return near, nil
}

// far does something with a pool and a server with a path between them, on a virtual clock. Nothing
// but the path takes time there: how long a call takes follows from how much may be on its way, and
// not from the machine. call makes a call of package body and returns how long it took.
func far(t *testing.T, do func(t *testing.T, way *path.Path, call func(name string) time.Duration)) {
	cfg := path.Far()
	cfg.Room = 64 << 20 // what is sent too early waits on the way, and not in the server
	s := fartherServer{farServer{rpc: rpc.NewServer()}, path.New(cfg)}
	for _, service := range []any{body.Blob{}, body.Node{}, body.Status{}} {
		noError(t, s.rpc.Register(service))
	}
	p, err := pool.New(pool.Config{Dial: s.dial})
	noError(t, err)
	do(t, s.path, func(name string) time.Duration {
		b, err := body.Find(name)
		noError(t, err)
		reply, begin := b.New(), time.Now()
		noError(t, p.Call(t.Context(), "a:4647", b.Method, b.Args, reply))
		noError(t, b.Check(reply))
		return time.Since(begin)
	})
	noError(t, p.Stop(context.Background()))
	time.Sleep(time.Hour) // until the last bytes have come to their end
}

func aLargeBodyTakesNotMuchLongerThanThePathDoes(t *testing.T, _ *path.Path, call func(string) time.Duration) {
	call("ping") // which dials
	// 16 MiB take 134 ms on the line, and a round trip. The first one finds out what the path carries.
	first, again := call("reply-16MiB"), call("reply-16MiB")
	if first > 2*154*time.Millisecond || again > 154*time.Millisecond*10/9 {
		t.Errorf("replies of 16 MiB took %v, then %v", first, again)
	}
	// One at the same time has another stream, which begins with what the first one has found out.
	took := make(chan time.Duration)
	go func() { took <- call("reply-1MiB") }()
	one, other := call("reply-1MiB"), <-took
	if limit := 50 * time.Millisecond; max(one, other) > limit { // 17 ms on the line, and a round trip
		t.Errorf("two replies of 1 MiB took %v and %v, want %v", one, other, limit)
	}
	// The server gives leave for 256 KiB in a round trip, of which 16 MiB take 64.
	if took := call("request-16MiB"); took > 1500*time.Millisecond {
		t.Errorf("a request of 16 MiB took %v", took)
	}
	t.Log(first, again, one, other)
}

func aSmallCallBesideALargeOneWaitsLittle(t *testing.T, _ *path.Path, call func(string) time.Duration) {
	call("reply-16MiB")
	idle := call("heartbeat")
	end := keep(1, call)
	beside := heartbeats(49, call)
	end()
	t.Log(idle, beside[0], beside[24], beside[48])
	if beside[24] > idle*3/2 {
		t.Errorf("beside replies of 16 MiB a heartbeat took %v in the median, without them %v", beside[24], idle)
	}
}

// keep has n callers that make calls with a reply of 16 MiB, one after the other, until end, which
// returns how many there were.
func keep(n int, call func(string) time.Duration) (end func() (calls int64)) {
	var calls atomic.Int64
	var enough atomic.Bool
	var callers sync.WaitGroup
	for range n {
		callers.Go(func() {
			for !enough.Load() {
				call("reply-16MiB")
				calls.Add(1)
			}
		})
	}
	return func() int64 {
		enough.Store(true)
		callers.Wait()
		return calls.Load()
	}
}

// heartbeats is how long so many heartbeats took, one after the other, the shortest first.
func heartbeats(n int, call func(string) time.Duration) (took []time.Duration) {
	for range n {
		took = append(took, call("heartbeat"))
	}
	slices.Sort(took)
	return took
}
