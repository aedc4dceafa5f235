package wire_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// A body that is one string or bytes, in every length and form.
func TestStringsAndBytesAreThoseOfTheReference(t *testing.T) {
	lengths := []int{0, 1, 31, 32, 255, 256, 65535, 65536, 70000}
	values := []any{[]byte(nil)}
	for _, n := range lengths {
		text := strings.Repeat("t", n)
		values = append(values, text, []byte(text))
	}
	bare, err := wire.NewEncoder().Value(wire.AppendRequest(nil, 1, "M"), nil)
	noError(t, err)
	d := wire.NewDecoder()
	for _, v := range values {
		want := encoded(t, v)
		got, err := wire.NewEncoder().Value(wire.AppendRequest(nil, 1, "M"), v)
		if err != nil || !bytes.Equal(got[len(bare)-1:], want) {
			t.Fatalf("%T: %.20x, %v; want %.20x", v, got[len(bare)-1:], err, want)
		}
		readAlike(t, d, want)
	}
	for _, n := range lengths { // forms that the reference reads and does not write
		body := strings.Repeat("t", n)
		if n < 256 {
			readAlike(t, d, append([]byte{0xd9, byte(n)}, body...))
			readAlike(t, d, append([]byte{0xc4, byte(n)}, body...))
		}
		readAlike(t, d, append([]byte{0xdb, 0, byte(n >> 16), byte(n >> 8), byte(n)}, body...))
		readAlike(t, d, append([]byte{0xc6, 0, byte(n >> 16), byte(n >> 8), byte(n)}, body...))
	}
	for _, v := range []any{nil, 5, []any{1, 2}, map[string]any{"a": 1}, true, 1.5} {
		readAlike(t, d, encoded(t, v))
	}
}

// readAlike reads one value into a string and into bytes, and compares with the
// reference.
func readAlike(t *testing.T, d *wire.Decoder, b []byte) {
	t.Helper()
	var text, wantText string
	err, wantErr := d.Body(b, &text), codec.NewDecoderBytes(b, reference).Decode(&wantText)
	if (err == nil) != (wantErr == nil) || err == nil && text != wantText {
		t.Fatalf("%.20x as a string: %.20q, %v; want %.20q, %v", b, text, err, wantText, wantErr)
	}
	var raw, wantRaw []byte
	err, wantErr = d.Body(b, &raw), codec.NewDecoderBytes(b, reference).Decode(&wantRaw)
	if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(raw, wantRaw) {
		t.Fatalf("%.20x as bytes: %.20q, %v; want %.20q, %v", b, raw, err, wantRaw, wantErr)
	}
}

func TestHeadersInAnyFormAreReadAsTheReferenceReadsThem(t *testing.T) {
	field := func(name string, value any) []byte { return append(encoded(t, name), encoded(t, value)...) }
	d := wire.NewDecoder()
	for name, b := range map[string][]byte{
		"another order":    bytes.Join([][]byte{{0x83}, field("ServiceMethod", "M"), field("Seq", 7), field("Error", "e")}, nil),
		"without an error": bytes.Join([][]byte{{0x82}, field("Seq", uint64(math.MaxUint64)), field("ServiceMethod", "M")}, nil),
		"an unknown field": bytes.Join([][]byte{{0x83}, field("Seq", 300), field("Other", []int{1}), field("Error", "e")}, nil),
		"a nil error":      bytes.Join([][]byte{{0x82}, field("Seq", 70000), field("Error", nil)}, nil),
		"a signed number":  append(append([]byte{0x81}, encoded(t, "Seq")...), 0xd0, 5),
		"a 16 bit map":     append([]byte{0xde, 0, 1}, field("Seq", uint64(1<<40))...),
		"str8 and bin8":    append(append([]byte{0x82, 0xd9, 3}, "Seq\x05\xc4\x05Error"...), 0xd9, 1, 'e'),
		"empty":            {0x80},
	} {
		var got, want wire.Header
		if err := codec.NewDecoderBytes(b, reference).Decode(&want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := d.Header(b, &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
	}
}

func TestReadingACommonHeaderAllocatesNothing(t *testing.T) {
	b, d := encoded(t, wire.Header{Seq: 300, ServiceMethod: "Node.UpdateStatus"}), wire.NewDecoder()
	if n := testing.AllocsPerRun(100, func() {
		var h wire.Header
		if err := d.Header(b, &h); err != nil || h.Seq != 300 {
			t.Error(h, err)
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
