package session

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"weak"
)

// yamux keeps a stream that only this side has closed for minutes, and through it
// the session and what stands below that. The test keeps it in yamux's place.
func TestTheRemainsOfAnEndedSessionReferenceNoCallStream(t *testing.T) {
	addr, _ := lateServer(t)
	session := dialed(t, addr)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// The caller leaves, and the peer never acknowledges the stream.
	short, leave := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		_, err := call(short, session, "Echo.Echo", make([]byte, 100_000), nil)
		done <- err
	}()
	awaitTrue(t, "the request", func() bool { return asked(session) == 1 })
	leave()
	if err := <-done; err == nil {
		t.Fatal("a mute server answered")
	}
	kept := session.conn
	var streams []weak.Pointer[callStream]
	for _, at := range routesOf(session) {
		streams = append(streams, weak.Make(callStreamOf(at)))
	}
	if len(streams) == 0 {
		t.Fatal("the session has no call stream that was left")
	}
	session.cancel(errors.New("over"))
	<-session.group.ended
	session = nil
	left := func() (n int) {
		runtime.GC()
		for _, l := range streams {
			if l.Value() != nil {
				n++
			}
		}
		return n
	}
	for left() > 0 {
		if ctx.Err() != nil {
			t.Fatalf("%d of %d streams are still there", left(), len(streams))
		}
	}
	runtime.KeepAlive(kept)
}
