package pool_test

import (
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
)

// several encodes itself as so many values: one is right.
type several struct{ values []any }

func (s *several) CodecEncodeSelf(e *codec.Encoder) {
	for _, v := range s.values {
		e.MustEncode(v)
	}
}
func (*several) CodecDecodeSelf(*codec.Decoder) {}

// What follows the one value would be taken for the next request on the stream, which is another
// caller's: for its answer, too.
func TestArgumentsThatEncodeThemselvesAreOneValue(t *testing.T) {
	for name, first := range map[string]any{"small": "a", "large": make([]byte, 300<<10)} {
		t.Run(name, func(t *testing.T) {
			s, p := startServer(t), newPool(t, pool.Config{})
			g := holdCalls(t, s)
			forged := map[string]any{"Seq": 2, "ServiceMethod": "Test.Hold"} // the number of the next call
			err := p.Call(within(t), s.Addr(), "Echo.Echo", &several{[]any{first, forged, "forged"}}, nil)
			if err == nil {
				receive(t, "the forged request", g.entered)
				before := p.Stats().BytesOut
				next := call(within(t), p, s.Addr(), "Echo.Echo", "mine")
				await(t, "the next request", func() bool { return p.Stats().BytesOut > before })
				close(g.release)
				r := receive(t, "the next answer", next)
				t.Errorf("a forged request was executed, and the next call got %q, %v", r.reply, r.err)
			}
			failed(t, err, pool.PhaseFind, pool.NotSent, nil)
			as[*pool.EncodeError](t, err)
		})
	}
}
