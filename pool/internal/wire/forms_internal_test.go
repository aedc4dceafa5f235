package wire

import "testing"

// What is passed over with one look is what an element takes, to the byte.
func TestOneLookTellsWhatIsTold(t *testing.T) {
	for first, n := range quick {
		b := append([]byte{byte(first)}, make([]byte, 64)...)
		var s Scanner
		s.Reset(0, len(b))
		ok, err := s.element(b)
		if n == 0 { // it needs another look
			if form := forms[first]; ok && form.kind == bytes && form.length == 0 {
				t.Errorf("0x%02x is not known", first)
			}
			continue
		}
		if end := s.pos + int(s.skip); !ok || err != nil || s.depth > 0 || end != int(n) {
			t.Errorf("0x%02x ends at %d, not at %d; %v, %v", first, end, n, ok, err)
		}
	}
}

// An element that is not there as a whole, or is beyond the limit, is not passed over, nor the last
// one of a list.
func TestOneLookIsNotEnoughAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		b         []byte
		limit, at int
	}{
		{[]byte{0x93, 1, 0xa2, 'a'}, 100, 2},
		{[]byte{0x93, 1, 0xa2, 'a', 'b', 2}, 100, 5},
		{[]byte{0x93, 1, 0xa2, 'a', 'b', 2}, 4, 2},
		{[]byte{0x91, 1}, 100, 1},
	} {
		var s Scanner
		s.Reset(0, 100)
		if ok, err := s.element(c.b); !ok || err != nil || s.closed() {
			t.Fatal(ok, err)
		}
		s.limit = c.limit
		if s.pass(c.b); s.pos != c.at {
			t.Errorf("% x, of which %d bytes may be: passed over %d, want %d", c.b, c.limit, s.pos, c.at)
		}
	}
}
