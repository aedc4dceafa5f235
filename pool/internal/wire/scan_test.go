package wire_test

import (
	"math/rand/v2"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestTheEndOfAValueIsWhereTheCodecPutIt(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		b := encoded(t, randomValue(r, 4))
		var s wire.Scanner
		s.Reset(0, len(b))
		end, ok, err := s.Value(append(b, 0xc1, 0xc1)) // what follows is not looked at
		if end != len(b) || !ok || err != nil {
			t.Fatalf("value %d of %d bytes: end %d, %v, %v", i, len(b), end, ok, err)
		}
	}
}

func TestAValueMayArriveInTwoPiecesCutAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 60 {
		b := encoded(t, randomValue(r, 3))
		for cut := range len(b) {
			var s wire.Scanner
			s.Reset(0, len(b))
			if _, ok, err := s.Value(b[:cut]); ok || err != nil {
				t.Fatalf("value %d, %d of %d bytes: %v, %v; want more", i, cut, len(b), ok, err)
			}
			if end, ok, err := s.Value(b); end != len(b) || !ok || err != nil {
				t.Fatalf("value %d cut at %d of %d: end %d, %v, %v", i, cut, len(b), end, ok, err)
			}
		}
	}
}

func TestAValueMayArriveByteByByte(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 200 {
		b := encoded(t, randomValue(r, 4))
		var s wire.Scanner
		s.Reset(0, len(b))
		for n := range len(b) {
			if _, ok, err := s.Value(b[:n]); ok || err != nil {
				t.Fatalf("value %d, %d of %d bytes: %v, %v; want more", i, n, len(b), ok, err)
			}
		}
		if end, ok, err := s.Value(b); end != len(b) || !ok || err != nil {
			t.Fatalf("value %d: end %d of %d, %v, %v", i, end, len(b), ok, err)
		}
	}
}

func TestValuesThatFollowEachOtherAreFoundOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var all []byte
	var ends []int
	for range 100 {
		all = append(all, encoded(t, randomValue(r, 3))...)
		ends = append(ends, len(all))
	}
	var s wire.Scanner
	s.Reset(0, len(all))
	for i, want := range ends {
		if end, ok, err := s.Value(all); end != want || !ok || err != nil {
			t.Fatalf("value %d: end %d, %v, %v; want %d", i, end, ok, err, want)
		}
	}
	if _, ok, err := s.Value(all); ok || err != nil {
		t.Fatalf("behind the last value: %v, %v; want more bytes", ok, err)
	}
}

func TestAResetScannerBeginsWhereItIsSet(t *testing.T) {
	var s wire.Scanner
	s.Reset(0, 10)
	if _, ok, err := s.Value([]byte{0x92, 0xa5, 'a'}); ok || err != nil { // left in the middle
		t.Fatal(ok, err)
	}
	s.Reset(2, 10)
	if end, ok, err := s.Value([]byte{0xc1, 0xc1, 0x92, 1, 2, 3}); end != 5 || !ok || err != nil {
		t.Fatalf("end %d, %v, %v; want 5", end, ok, err)
	}
}

func TestScanningAllocatesNothing(t *testing.T) {
	b := encoded(t, map[string]any{"A": []any{1, "two", map[string]any{}}, "B": make([]byte, 500)})
	var s wire.Scanner
	if n := testing.AllocsPerRun(100, func() {
		s.Reset(0, len(b))
		if _, ok, err := s.Value(b); !ok || err != nil {
			t.Error(ok, err)
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
