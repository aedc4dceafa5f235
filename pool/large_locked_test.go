package pool_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
)

// locked encodes itself while it holds its thread, as what calls into C may.
type locked struct {
	value []byte
	keeps bool // it never lets go of it
}

func (l *locked) CodecEncodeSelf(e *codec.Encoder) {
	runtime.LockOSThread()
	if !l.keeps {
		defer runtime.UnlockOSThread()
	}
	e.MustEncode(l.value)
}
func (l *locked) CodecDecodeSelf(d *codec.Decoder) { d.MustDecode(&l.value) }

// Also where the caller holds its own, and where it is never let go of.
func TestLargeArgumentsMayHoldTheirThread(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	want := bytes.Repeat(noise(5), 1+1<<20/noiseSize)[:1<<20]
	for name, row := range map[string]struct{ caller, keeps bool }{
		"let go of": {}, "kept": {keeps: true}, "of a caller that holds one": {caller: true}, "kept, of such a caller": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 { // the first of its type, and others
				if row.caller {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
				}
				var got []byte
				noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", &locked{want, row.keeps}, &got))
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes came back", len(got))
				}
			}
		})
	}
	if st := p.Stats(); st.CallsInFlight != 0 || st.Dials != 1 {
		t.Errorf("%+v", st)
	}
}
