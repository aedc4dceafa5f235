package pool

import (
	"context"
	"runtime"
	"testing"
	"weak"

	"github.com/open-nomad/rpcproxy/testutil"
)

// yamux keeps a stream that only this side has closed for minutes, and through it
// the session and what stands below that. The test keeps it in yamux's place.
func TestWhatIsKeptOfASessionThatIsOverHoldsNoLane(t *testing.T) {
	s, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Far(Config{}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	// The caller leaves, and the peer never answers.
	if err := p.Call(ctx, s.Addr(), "Echo.Echo", "x", nil); err != nil {
		t.Fatal(err)
	}
	s.Inject(testutil.Mute().On("Echo.Echo"))
	short, leave := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- p.Call(short, s.Addr(), "Echo.Echo", make([]byte, 100_000), nil) }()
	awaitTrue(t, "the request", func() bool { return s.Counts().Methods["Echo.Echo"] == 2 })
	leave()
	if err := <-done; err == nil {
		t.Fatal("a mute server answered")
	}
	var lanes []weak.Pointer[lane]
	kept := (*p.table.Load())[s.Addr()].tap
	for i := range kept.ports {
		if list := kept.ports[i].Load(); list != nil {
			for _, at := range *list {
				lanes = append(lanes, weak.Make(at.lane.Load()))
			}
		}
	}
	if len(lanes) == 0 {
		t.Fatal("the session has no lane that was left")
	}
	s.Kill()
	for p.Stats().Sessions > 0 {
		runtime.Gosched()
	}
	left := func() (n int) {
		runtime.GC()
		for _, l := range lanes {
			if l.Value() != nil {
				n++
			}
		}
		return n
	}
	for left() > 0 {
		if ctx.Err() != nil {
			t.Fatalf("%d of %d lanes are still there", left(), len(lanes))
		}
	}
	runtime.KeepAlive(kept)
	if err := p.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}
