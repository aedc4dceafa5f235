package pool_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
)

// tooLate fails when all of its value was written.
type tooLate struct{ value []byte }

func (s *tooLate) CodecEncodeSelf(e *codec.Encoder) {
	e.MustEncode(s.value)
	panic(errors.New("behind the value"))
}
func (s *tooLate) CodecDecodeSelf(d *codec.Decoder) { d.MustDecode(&s.value) }

// Also where the value ends with what is sent at once.
func TestARequestThatFailsBehindItsLastByteIsNotExecuted(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	ping(t, p, s.Addr())
	for n := 64<<10 - 100; n < 64<<10; n++ {
		before := s.Counts().Requests
		err := p.Call(within(t), s.Addr(), "Echo.Echo", &tooLate{make([]byte, n)}, nil)
		failed(t, err, pool.PhaseFind, pool.NotSent, nil)
		ping(t, p, s.Addr())
		if executed := s.Counts().Requests - before - 1; executed != 0 {
			t.Fatalf("%d bytes: it was executed", n)
		}
	}
}

// A name that is itself larger than what is sent at once is sent before its arguments.
func TestALongMethodGoesBeforeLargeArguments(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for _, n := range []int{4 << 10, 64<<10 - 40, 64 << 10, 80 << 10, 300 << 10} {
		name := "Echo." + strings.Repeat("x", n)
		err := p.Call(within(t), s.Addr(), name, [1]pool.Raw{pool.Raw(append([]byte{0xc6, 0, 1, 0, 0}, make([]byte, 64<<10)...))}, nil)
		if e := as[*pool.RemoteError](t, err); !strings.Contains(e.Text, "xxx") {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}
