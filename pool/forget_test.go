package pool

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"weak"
)

// yamux keeps a stream that only this side has closed for minutes, and through it
// the session and what stands below that. The test keeps it in yamux's place.
func TestWhatIsKeptOfASessionThatIsOverHoldsNoLane(t *testing.T) {
	addr, _ := lateServer(t)
	p, err := New(Far(Config{}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	// The caller leaves, and the peer never acknowledges the stream.
	short, leave := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- p.Call(short, addr, "Echo.Echo", make([]byte, 100_000), nil) }()
	awaitTrue(t, "the request", func() bool { s := (*p.table.Load())[addr]; return s != nil && asked(s) == 1 })
	leave()
	if err := <-done; err == nil {
		t.Fatal("a mute server answered")
	}
	session := (*p.table.Load())[addr]
	kept := session.conn
	var lanes []weak.Pointer[lane]
	for _, at := range routesOf(session) {
		lanes = append(lanes, weak.Make(laneOf(at)))
	}
	if len(lanes) == 0 {
		t.Fatal("the session has no lane that was left")
	}
	session.cancel(errors.New("over"))
	session = nil
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
}
