package pool

import (
	"io"
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// FuzzInbound feeds bytes to a tap with a lane that waits for a reply. Whatever
// they are and however they are cut, nothing panics, and what yamux gets is whole
// frames without the lane's data.
func FuzzInbound(f *testing.F) {
	reply, err := wire.NewEncoder().Reply(nil, wire.Header{Seq: 7, ServiceMethod: "X.Y"}, "reply")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(conversation(), uint8(3))
	f.Add(slices.Concat(frame(0, frameData, flagFIN, 1, uint32(len(reply))), reply), uint8(7))
	f.Add(slices.Concat(frame(0, frameData, 0, 1, 5), reply[:5], frame(0, frameWindow, flagRST, 1, 9)), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		r := tapOn(&paperConn{reads: slices.Collect(slices.Chunk(b, int(size)+1)), err: io.EOF})
		l := laneOn(t, r, true)
		got, err := drain(r)
		if err == nil || r.cause() == nil {
			t.Fatal("it ended without a reason")
		}
		for len(got) >= mux.HeadSize {
			kind, n := got[1], uint32(0)
			if _, stream, length := headOf(got); kind == frameData {
				if n = length; stream == 1 {
					t.Fatalf("yamux got the lane's data: % x", got[:mux.HeadSize])
				}
			}
			got = got[min(mux.HeadSize+int(n), len(got)):]
		}
		if len(got) > 0 {
			t.Fatalf("yamux got a part of a head: % x", got)
		}
		if answered(t, l) && l.err == nil && l.end != len(l.lent.reply) {
			t.Fatalf("%d bytes in a reply of %d", len(l.lent.reply), l.end)
		}
	})
}
