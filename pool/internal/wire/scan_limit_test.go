package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestAValueThatAnnouncesMoreThanTheLimitIsRefusedAtOnce(t *testing.T) {
	const limit = 64 << 20
	most := []byte{0xff, 0xff, 0xff, 0xff}
	for _, c := range []struct {
		name      string
		head      []byte
		announced uint64
	}{
		{"string", append([]byte{0xdb}, most...), 5 + 1<<32 - 1},
		{"binary", append([]byte{0xc6}, most...), 5 + 1<<32 - 1},
		{"extension", append([]byte{0xc9}, most...), 5 + 1<<32},
		{"array", append([]byte{0xdd}, most...), 5 + 1<<32 - 1},
		{"map", append([]byte{0xdf}, most...), 5 + 2*(1<<32-1)},
		{"array in a map", append([]byte{0x81, 0xa1, 'k', 0xdd}, most...), 8 + 1<<32 - 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s wire.Scanner
			s.Reset(0, limit)
			_, ok, err := s.Value(c.head)
			size, is := errors.AsType[*wire.SizeError](err)
			if !is || ok {
				t.Fatalf("%v, %v; want a *SizeError", ok, err)
			}
			if *size != (wire.SizeError{Limit: limit, Announced: c.announced}) {
				t.Fatalf("%+v, want %d announced", *size, c.announced)
			}
		})
	}
}

func TestTheLimitIsExact(t *testing.T) {
	for _, v := range []any{"0123456789", make([]byte, 300), []any{1, 2, 3}, map[string]any{"k": 1}, int64(1 << 40)} {
		b := encoded(t, v)
		var s wire.Scanner
		s.Reset(0, len(b))
		if end, ok, err := s.Value(b); end != len(b) || !ok || err != nil {
			t.Fatalf("%T of %d bytes within its limit: %d, %v, %v", v, len(b), end, ok, err)
		}
		s.Reset(0, len(b)-1)
		_, ok, err := s.Value(b)
		if _, is := errors.AsType[*wire.SizeError](err); !is || ok {
			t.Fatalf("%T of %d bytes, one over its limit: %v, %v", v, len(b), ok, err)
		}
	}
}

func TestTheLimitCountsHeaderAndBodyTogether(t *testing.T) {
	both := append(encoded(t, "header"), encoded(t, "a longer body")...)
	var s wire.Scanner
	s.Reset(0, len(both)-1)
	if _, ok, err := s.Value(both); !ok || err != nil {
		t.Fatal(ok, err)
	}
	_, ok, err := s.Value(both)
	if _, is := errors.AsType[*wire.SizeError](err); !is || ok {
		t.Fatalf("%v, %v; want a *SizeError", ok, err)
	}
}

func TestNestingIsBounded(t *testing.T) {
	nested := func(depth int, open byte, inner ...byte) []byte {
		return append(bytes.Repeat([]byte{open}, depth), inner...)
	}
	var s wire.Scanner
	s.Reset(0, 1<<20)
	deepest := nested(wire.MaxDepth, 0x91, 0xc0)
	if end, ok, err := s.Value(deepest); end != len(deepest) || !ok || err != nil {
		t.Fatalf("the deepest nesting: %d, %v, %v", end, ok, err)
	}
	var decoded any
	if err := wire.NewDecoder().Body(deepest, &decoded); err != nil {
		t.Fatalf("the scanner allows what the decoder refuses: %v", err)
	}
	for _, open := range []byte{0x91, 0x92, 0x81} {
		s.Reset(0, 1<<20)
		if _, ok, err := s.Value(nested(wire.MaxDepth+1, open)); ok || !errors.Is(err, wire.ErrMalformed) {
			t.Fatalf("one deeper with 0x%02x: %v, %v; want ErrMalformed", open, ok, err)
		}
	}
}

func TestTheByteThatIsNeverMsgpackIsRefused(t *testing.T) {
	for _, b := range [][]byte{{0xc1}, {0x91, 0xc1}, {0x81, 0xa1, 'k', 0xc1}} {
		var s wire.Scanner
		s.Reset(0, 100)
		if _, ok, err := s.Value(b); ok || !errors.Is(err, wire.ErrMalformed) {
			t.Fatalf("% x: %v, %v; want ErrMalformed", b, ok, err)
		}
	}
}
