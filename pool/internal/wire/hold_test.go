package wire_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// large is more than an idle decoder may hold.
const large = 1 << 20

// released fails t if what was read is still referenced when the caller has dropped it.
func released(t *testing.T, name string, d *wire.Decoder, read func() weak.Pointer[byte]) {
	t.Helper()
	p := read()
	runtime.GC()
	runtime.GC() // what a stack still had when the first one began
	if p.Value() != nil {
		t.Errorf("%s: an idle decoder holds what it read", name)
	}
	runtime.KeepAlive(d)
}

// fields is the type of a caller that does not know the reply's fields.
type fields struct{ Data any }

func TestAnIdleDecoderKeepsNothingLargeOfItsInput(t *testing.T) {
	str := func(text string) weak.Pointer[byte] { return weak.Make(unsafe.StringData(text)) }
	body := encoded(t, map[string]any{"Data": strings.Repeat("x", large)})
	d := wire.NewDecoder()
	released(t, "a string in a map", d, func() weak.Pointer[byte] {
		var got map[string]any
		if err := d.Body(body, &got); err != nil || len(got["Data"].(string)) != large {
			t.Fatal(err)
		}
		return str(got["Data"].(string))
	})
	released(t, "a string in an any", d, func() weak.Pointer[byte] {
		var got fields
		if err := d.Body(body, &got); err != nil || len(got.Data.(string)) != large {
			t.Fatal(err)
		}
		return str(got.Data.(string))
	})
	released(t, "bin", d, func() weak.Pointer[byte] {
		bin := append([]byte{0xc6, 0, large >> 16, 0, 0}, make([]byte, large)...)
		var got any
		if err := d.Body(bin, &got); err != nil || len(got.(string)) != large {
			t.Fatal(err)
		}
		return str(got.(string))
	})
	released(t, "the bytes themselves", d, func() weak.Pointer[byte] {
		b := bytes.Clone(body)
		var got map[string]any
		noError(t, d.Body(b, &got))
		return weak.Make(&b[0])
	})
	released(t, "a frame", d, func() weak.Pointer[byte] {
		b := wire.AppendFrame(nil, make([]byte, large))
		noError(t, d.Frame(b, new(wire.Frame)))
		return weak.Make(&b[0])
	})
}

// An extension is not copied: the codec keeps the bytes themselves, in the midst of
// a buffer that may be far larger than the value.
func TestMemoryThatAnExtensionWouldPinIsForgotten(t *testing.T) {
	for name, value := range map[string][]byte{
		"known":   {0x81, 0xa4, 'D', 'a', 't', 'a', 0xd4, 5, 0},
		"unknown": {0x81, 0xa5, 'O', 't', 'h', 'e', 'r', 0xc7, 1, 5, 0},
	} {
		d := wire.NewDecoder()
		released(t, name, d, func() weak.Pointer[byte] {
			buffer := append(make([]byte, 0, large), value...)
			var s wire.Scanner
			s.Reset(0, large)
			if end, ok, err := s.Value(buffer); end != len(buffer) || !ok || err != nil || !s.Extended() {
				t.Fatalf("%d, %v, %v, extended: %v", end, ok, err, s.Extended())
			}
			noError(t, d.Body(buffer, new(fields)))
			d.Forget()
			if s.Reset(0, large); s.Extended() {
				t.Fatal("another value is extended too")
			}
			return weak.Make(&buffer[0])
		})
		released(t, name+", in a header", d, func() weak.Pointer[byte] {
			buffer := append(make([]byte, 0, large), value...)
			noError(t, d.Header(buffer, new(wire.Header)))
			return weak.Make(&buffer[0])
		})
	}
	var s wire.Scanner
	s.Reset(0, large)
	if _, ok, err := s.Value(encoded(t, map[string]any{"Data": []any{1, "two", 3.5, nil, true, make([]byte, 300)}})); !ok || err != nil || s.Extended() {
		t.Fatalf("%v, %v, extended: %v", ok, err, s.Extended())
	}
}
