package session

import (
	"encoding/binary"
	"io"
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// FuzzInbound feeds bytes to a connection with a call stream that waits for a reply. Whatever
// they are and however they are cut, nothing panics, and what yamux gets is whole
// frames without the call stream's data.
func FuzzInbound(f *testing.F) {
	reply, err := wire.NewEncoder().Value(wire.AppendReply(nil, wire.Header{Seq: 7, ServiceMethod: "X.Y"}), "reply")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(muxtest.Conversation(), uint8(3))
	f.Add(slices.Concat(muxtest.Head(0, muxtest.Data, muxtest.FIN, 1, uint32(len(reply))), reply), uint8(7))
	f.Add(slices.Concat(muxtest.Head(0, muxtest.Data, 0, 1, 5), reply[:5], muxtest.Head(0, muxtest.Window, muxtest.RST, 1, 9)), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		r := paper(&muxtest.Conn{Reads: slices.Collect(slices.Chunk(b, int(size)+1)), Err: io.EOF})
		l := streamOn(t, r, true)
		got, err := muxtest.Drain(r)
		if err == nil || r.Cause() == nil {
			t.Fatal("it ended without a reason")
		}
		for len(got) >= mux.HeadSize {
			kind, n := got[1], uint32(0)
			if kind == muxtest.Data {
				if n = binary.BigEndian.Uint32(got[8:]); got[7] == 1 && [3]byte(got[4:]) == [3]byte{} {
					t.Fatalf("yamux got the call stream's data: % x", got[:mux.HeadSize])
				}
			}
			got = got[min(mux.HeadSize+int(n), len(got)):]
		}
		if len(got) > 0 {
			t.Fatalf("yamux got a part of a head: % x", got)
		}
		if answered(t, l) && l.err == nil && l.bodyEnd != len(l.buf.reply) {
			t.Fatalf("%d bytes in a reply of %d", len(l.buf.reply), l.bodyEnd)
		}
	})
}
