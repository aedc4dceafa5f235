package pool_test

import (
	"context"
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// yamux opens so many streams before one is acknowledged; who opens the next waits.
const unacknowledged = 256

// A stream whose caller has left before it could be opened gets its mode byte, for
// which the server would wait in its accept loop, and nothing that it would act on.
func TestAStreamWhoseCallerHasLeftIsOpenedWithItsModeByteAndNothingElse(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	for i := range uint32(unacknowledged) {
		_ = call(within(t), p, f.addr, "X.Y", nil)
		f.opened(2*i + 1)
		f.request(2*i + 1)
	}
	ctx, leave := context.WithCancel(within(t))
	left := make(chan error, 1)
	go func() {
		_, err := p.Stream(ctx, f.addr, "X.Y")
		left <- err
	}()
	await(t, "the opening", func() bool { return p.Stats().CallsInFlight == unacknowledged+1 })
	leave()
	if err := receive(t, "the caller", left); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	const late = 2*unacknowledged + 1
	f.says(frameOf(kindWindow, ackFlag, 1, 0, nil))
	f.next(kindWindow, synFlag, late)
	if s := f.next(kindData, 0, late); string(s.body) != string([]byte{wire.ModeStreaming}) {
		t.Fatalf("% x behind the opening, want the mode byte alone", s.body)
	}
	f.next(kindWindow, finFlag, late)
}
