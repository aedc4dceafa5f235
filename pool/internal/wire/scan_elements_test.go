package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// list is the head of a list of n elements, or of a map of n pairs (0xdf).
func list(kind byte, n uint32) []byte { return binary.BigEndian.AppendUint32([]byte{kind}, n) }

// tooMany fails t unless err reports that so many elements are over the limit.
func tooMany(t *testing.T, err error, limit int, announced uint64) {
	t.Helper()
	size, is := errors.AsType[*wire.SizeError](err)
	if !is || *size != (wire.SizeError{Limit: limit, Announced: announced, Elements: true}) {
		t.Fatalf("%v; want %d elements over the limit of %d", err, announced, limit)
	}
	if !strings.Contains(err.Error(), "elements") {
		t.Errorf("%q does not say what there are too many of", err)
	}
}

// A byte is enough for an element, which in memory is many.
func TestMoreElementsThanTheBytesAreWorthAreRefusedAsAnnounced(t *testing.T) {
	for _, c := range []struct{ bytes, elements int }{
		{1000, 64 << 10}, {1 << 20, 64 << 10}, {16 << 20, 1 << 20}, {64 << 20, 4 << 20}, {256 << 20, 16 << 20},
	} {
		var s wire.Scanner
		refused := func(head []byte, announced int) {
			t.Helper()
			s.Reset(0, max(c.bytes, 1<<18)) // so that it is not refused as too long
			_, ok, err := s.Value(head)
			if ok {
				t.Fatal("it is complete")
			}
			tooMany(t, err, c.elements, uint64(announced))
		}
		refused(list(0xdd, uint32(c.elements+1)), c.elements+1)
		refused(list(0xdf, uint32(c.elements/2+1)), c.elements+2)
		refused(append([]byte{0x92, 0xc0}, list(0xdd, uint32(c.elements-1))...), c.elements+1)
		for _, head := range [][]byte{list(0xdd, uint32(c.elements)), list(0xdf, uint32(c.elements/2))} {
			s.Reset(0, max(c.bytes, 1<<18))
			if _, ok, err := s.Value(head); ok || err != nil {
				t.Fatalf("as many as may be: %v, %v; want more bytes", ok, err)
			}
		}
	}
}

func TestElementsCountWhereverTheyAre(t *testing.T) {
	const limit, rows, each = 64 << 10, 1000, 70
	body := list(0xdd, rows)
	for range rows {
		body = append(append(body, 0xdc, 0, each), bytes.Repeat([]byte{0xc0}, each)...)
	}
	var s wire.Scanner
	s.Reset(0, 1<<20)
	_, ok, err := s.Value(body)
	if ok {
		t.Fatal("it is complete")
	}
	announced := uint64(rows)
	for announced <= limit {
		announced += each
	}
	tooMany(t, err, limit, announced)

	// Those of the header count with those of the body.
	half := append(list(0xdd, limit/2), bytes.Repeat([]byte{0xc0}, limit/2)...)
	s.Reset(0, 1<<20)
	for range 2 {
		if _, ok, err := s.Value(append(bytes.Clone(half), half...)); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	both := append(append(bytes.Clone(half), half...), 0x91, 0xc0)
	_, _, err = s.Value(both)
	tooMany(t, err, limit, limit+1)

	s.Reset(2*len(half), 1<<20)
	if _, ok, err := s.Value(both); !ok || err != nil {
		t.Fatalf("another reply: %v, %v", ok, err)
	}
}

// Strings, however long, are one each.
func TestAStringIsOneElement(t *testing.T) {
	b := encoded(t, []any{strings.Repeat("x", 1<<20), make([]byte, 1<<20)})
	var s wire.Scanner
	s.Reset(0, len(b))
	if _, ok, err := s.Value(b); !ok || err != nil {
		t.Fatal(ok, err)
	}
}
