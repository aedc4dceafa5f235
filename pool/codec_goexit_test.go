package pool_test

import (
	"runtime"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
)

// leaver has methods that end the goroutine, as a test's t.Fatal does.
type leaver struct{ encodes bool }

func (l leaver) MarshalBinary() ([]byte, error) {
	if l.encodes {
		return []byte("x"), nil
	}
	runtime.Goexit()
	panic("unreachable")
}

func (*leaver) UnmarshalBinary([]byte) error { runtime.Goexit(); return nil }

func TestACodecThatEndsItsGoroutineLeavesNoCallBehind(t *testing.T) {
	const leaves = "leaves"
	own := pool.Codec{
		Encode: func(buf []byte, v any) ([]byte, error) {
			if v == leaves {
				runtime.Goexit()
			}
			return append(buf, packed(t, v)...), nil
		},
		Decode: func(b []byte, v any) error {
			err := codec.NewDecoderBytes(b, plain).Decode(v)
			if *v.(*string) == leaves {
				runtime.Goexit()
			}
			return err
		},
	}
	for name, row := range map[string]struct {
		codec       pool.Codec
		args, reply any
	}{
		"Encode":          {own, leaves, nil},
		"Decode":          {own, packed(t, leaves), new(string)},
		"MarshalBinary":   {pool.Codec{}, leaver{}, nil},
		"UnmarshalBinary": {pool.Codec{}, leaver{encodes: true}, new(leaver)},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := startServer(t), newPool(t, pool.Config{Codec: row.codec})
			for range 3 { // first on a session with no stream, then on one with some
				gone, returned := make(chan struct{}), false
				go func() {
					defer close(gone)
					_ = p.Call(within(t), s.Addr(), "Echo.Echo", row.args, row.reply)
					returned = true
				}()
				receive(t, "the end of the goroutine", gone)
				if returned {
					t.Fatal("the call has returned")
				}
				await(t, "the end of the call", func() bool { return p.Stats().CallsInFlight == 0 })
			}
			got := ""
			if err := p.Call(within(t), s.Addr(), "Echo.Echo", "well", &got); err != nil || got != "well" {
				t.Fatal(got, err)
			}
			if n := p.Stats().Dials; n != 1 {
				t.Errorf("%d dials", n)
			}
		})
	}
}
