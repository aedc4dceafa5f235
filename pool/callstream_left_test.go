package pool_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

// A call whose server does not answer is left, again and again, where the calls
// between have large replies: their buffers are for the next call, and not for the
// streams that the server holds on to.
func TestACallThatIsLeftKeepsNoBufferForItsReply(t *testing.T) {
	const calls, size = 200, 250 << 10 // just what a window has room for
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	heap := func() int64 {
		for range 3 { // what is spare survives one
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	large, before := make([]byte, size), heap()
	for i := range uint32(calls) {
		stream := 2*i + 1
		answered := make(chan error, 1)
		var got []byte
		go func() { answered <- p.Call(within(t), f.addr, "X.Y", "large", &got) }()
		f.opened(stream)
		f.says(frameOf(kindData, ackFlag, stream, 0, answer(t, f.request(stream), large)))
		if err := receive(t, "the call", answered); err != nil || len(got) != size {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		f.next(kindWindow, 0, stream)
		ctx, leave := context.WithCancel(t.Context())
		held := call(ctx, p, f.addr, "X.Y", "held")
		f.request(stream)
		leave()
		lost(t, receive(t, "the call", held).err, context.Canceled)
		f.next(kindWindow, finFlag, stream)
	}
	await(t, "the calls' end", func() bool { return p.Stats().CallsInFlight == 0 })
	if kept := heap() - before; kept > calls*size/4 {
		t.Fatalf("%d MiB are kept behind %d calls that were left", kept>>20, calls)
	}
}
