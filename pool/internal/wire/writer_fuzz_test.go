package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// errFull is that of a sink.
var errFull = errors.New("no more is taken")

// sink takes so many bytes, in pieces of a size, and then no more.
type sink struct {
	t      *testing.T
	piece  int
	room   int
	pieces [][]byte
	full   bool
}

func (s *sink) Write(b []byte) (n int, err error) {
	if s.full {
		s.t.Fatal("it is written to behind its error")
	}
	for n < len(b) && s.room > 0 {
		if last := len(s.pieces) - 1; last < 0 || len(s.pieces[last]) == s.piece {
			s.pieces = append(s.pieces, nil)
		}
		last := &s.pieces[len(s.pieces)-1]
		took := min(len(b)-n, s.piece-len(*last), s.room)
		*last = append(*last, b[n:n+took]...)
		n, s.room = n+took, s.room-took
	}
	if n < len(b) {
		s.full = true
		return n, errFull
	}
	return n, nil
}

// What a Writer writes is what an Encoder makes of the value, in whatever pieces it is taken and
// wherever in the value one ends; nothing follows an error of what it is written to, and the next
// value is whole again. A value that cannot be encoded is an error of both.
func FuzzWriter(f *testing.F) {
	for i, s := range stateSeeds {
		f.Add(s.seed, s.full, uint16(i*700), uint16(1<<i), uint32(1)<<(2*i), i%4 == 3)
	}
	f.Add(uint64(3), uint8(60), uint16(4095), uint16(4096), uint32(4097), false)
	f.Add(uint64(4), uint8(60), uint16(65535), uint16(32<<10), uint32(40_000), true)
	f.Fuzz(func(t *testing.T, seed uint64, full uint8, before, piece uint16, room uint32, bad bool) {
		v := []any{strings.Repeat("b", int(before)), stateOf(seed, int(full%101), 1), []byte("behind")}
		if bad {
			v = append(v, brokenArgs{})
		}
		want, wantErr := wire.NewEncoder().Value(nil, v)
		var w wire.Writer
		for _, most := range []int{1 << 30, int(room), 1 << 30} {
			to := &sink{t: t, piece: max(int(piece), 1), room: most}
			err := w.Value(to, v)
			got := bytes.Join(to.pieces, nil)
			switch {
			case to.full:
				if !errors.Is(err, errFull) || len(got) != most || !bad && !bytes.HasPrefix(want, got) {
					t.Fatalf("%d bytes of %d, %v", len(got), len(want), err)
				}
			case (err == nil) != (wantErr == nil) || err != nil != bad:
				t.Fatalf("%v, want %v", err, wantErr)
			case err == nil && !bytes.Equal(got, want):
				t.Fatalf("out % x\nwant % x", got, want)
			}
		}
	})
}

var _ io.Writer = (*sink)(nil)
