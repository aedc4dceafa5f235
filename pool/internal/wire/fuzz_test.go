package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// The scanner ends where the codec does, or where it refuses the codec does not
// get a chance; both get the same bytes in two pieces.
func FuzzScanner(f *testing.F) {
	f.Add([]byte{0x83, 0xa5, 'E', 'r', 'r', 'o', 'r', 0xa0, 0xa3, 'S', 'e', 'q', 1, 0xa1, 'S', 0xa1, 'P', 0x80}, uint(3))
	f.Add([]byte{0xdb, 0xff, 0xff, 0xff, 0xff, 'a'}, uint(2))
	f.Add([]byte{0xdf, 0x80, 0, 0, 0}, uint(1))
	f.Add([]byte{0xd8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}, uint(9))
	f.Add([]byte{0xc7, 0, 1}, uint(1))
	f.Add(bytes.Repeat([]byte{0x91}, 200), uint(100))
	f.Fuzz(func(t *testing.T, b []byte, cut uint) {
		const limit = 1 << 20
		var whole, pieces wire.Scanner
		whole.Reset(0, limit)
		end, ok, err := whole.Value(b)
		pieces.Reset(0, limit)
		end2, ok2, err2 := pieces.Value(b[:cut%uint(len(b)+1)])
		if !ok2 && err2 == nil {
			end2, ok2, err2 = pieces.Value(b)
		}
		if end != end2 || ok != ok2 || (err == nil) != (err2 == nil) {
			t.Fatalf("at once %d, %v, %v; in pieces %d, %v, %v", end, ok, err, end2, ok2, err2)
		}
		switch {
		case err != nil:
			_, size := errors.AsType[*wire.SizeError](err)
			if ok || size == errors.Is(err, wire.ErrMalformed) {
				t.Fatalf("%v and %v", ok, err)
			}
			return
		case !ok:
			if n := consumed(b); n >= 0 {
				t.Fatalf("the codec needs no more than %d bytes of % x", n, b)
			}
			return
		case end < 1 || end > len(b):
			t.Fatalf("end %d of %d", end, len(b))
		}
		// What the codec makes of extensions and of keys that are no strings is
		// its own affair; where it does read the value, it reads as much.
		if n := consumed(b[:end]); n >= 0 && n != end {
			t.Fatalf("end %d, the codec read %d of % x", end, n, b)
		}
	})
}

// consumed is how many bytes the codec takes for the first value of b, or -1.
func consumed(b []byte) int {
	d := codec.NewDecoderBytes(b, reference)
	var v any
	if d.Decode(&v) != nil {
		return -1
	}
	return d.NumBytesRead()
}
