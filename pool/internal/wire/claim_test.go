package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestAReaderClaimsItsBytesAndNoMore(t *testing.T) {
	const keep, room = 4 << 10, 128 << 10
	small, large := encoded(t, "s"), encoded(t, strings.Repeat("x", 90_000))
	for name, sizes := range map[string][][]byte{
		"small ones":         {small, small, small},
		"large ones":         {large, large, large},
		"of either kind":     {small, large, small, small, large},
		"beyond what it may": {small, large, encoded(t, strings.Repeat("y", 2*room))},
	} {
		t.Run(name, func(t *testing.T) {
			held := 0
			src := new(bytes.Buffer)
			r := wire.NewClaimingReader(src, keep, func(total int) bool {
				if total > room {
					return false
				}
				held = total
				return true
			})
			for _, value := range sizes {
				src.Write(value)
				got, err := r.Value(10 * room)
				if len(value) > room {
					if !errors.Is(err, wire.ErrNoRoom) || held > room {
						t.Fatalf("%v with %d claimed", err, held)
					}
					return
				}
				if err != nil || !bytes.Equal(got, value) || held < len(value) {
					t.Fatalf("%d bytes, %v, with %d claimed; want %d", len(got), err, held, len(value))
				}
			}
			if _, err := r.Value(10 * room); err == nil || held > keep {
				t.Fatalf("%v with %d claimed, between two values", err, held)
			}
		})
	}
}

// A value may be as large as the limit, whatever was read before it and with it.
func TestALimitBoundsAValueAndNotTheBytesReadWithIt(t *testing.T) {
	large := encoded(t, strings.Repeat("x", 3000))
	src := bytes.NewReader(bytes.Repeat(large, 50))
	r := wire.NewReader(src)
	for i := range 50 {
		if got, err := r.Value(len(large)); err != nil || !bytes.Equal(got, large) {
			t.Fatalf("value %d: %d bytes, %v", i, len(got), err)
		}
	}
}
