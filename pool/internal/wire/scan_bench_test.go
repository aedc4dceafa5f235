package wire_test

import (
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
	"github.com/open-nomad/rpcproxy/testutil/bench/body"
)

// Each reply is scanned once while it comes in.
func BenchmarkScanner(b *testing.B) {
	for _, name := range []string{"heartbeat", "allocs", "reply-64KiB"} {
		b.Run(name, func(b *testing.B) {
			call, err := body.Find(name)
			noError(b, err)
			reply, err := wire.NewEncoder().Value(nil, call.Reply)
			noError(b, err)
			b.ReportAllocs()
			b.SetBytes(int64(len(reply)))
			var s wire.Scanner
			for b.Loop() {
				s.Reset(0, len(reply))
				if end, ok, err := s.Value(reply); end != len(reply) || !ok || err != nil {
					b.Fatal(end, ok, err)
				}
			}
		})
	}
}
