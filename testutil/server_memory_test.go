package testutil

import (
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// heapInUse is the bytes in use after a collection.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what pools kept over the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// openRequests opens streams, has one request of the size answered on each, and ends the connection
// without closing a stream.
func openRequests(t *testing.T, addr string, streams, size int) {
	t.Helper()
	session, err := plainclient.Dial(t.Context(), addr, plainclient.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	for range streams {
		stream, err := session.OpenMode(modeRPC)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Call("Echo.Echo", make([]byte, size), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// yamux keeps such streams for minutes. They must keep nothing of their requests.
func TestAServerKeepsNothingOfRequestsWhoseStreamsTheClientNeverClosed(t *testing.T) {
	const streams, size, most = 128, 60_000, 2 << 20
	s := start(t, ServerConfig{})
	before := heapInUse()
	openRequests(t, s.Addr(), streams, size)
	stop(t, s) // waits for the goroutines of the streams
	if kept := heapInUse() - before; kept > most {
		t.Errorf("%d bytes are kept of %d requests of %d", kept, streams, size)
	}
}
