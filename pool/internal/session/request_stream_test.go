package session

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// piecesOf is all of a request, and how long its pieces were.
func piecesOf(t *testing.T, b *buffers, v any) (all []byte, lengths []int) {
	t.Helper()
	b.request = append(b.request[:0], headRoom[:]...)
	for err := b.stream(codec{}, v); ; err = b.more.make() {
		if err != nil {
			t.Fatal(err)
		}
		piece := b.request[mux.HeadSize:]
		all, lengths = append(all, piece...), append(lengths, len(piece))
		if b.more.ended {
			b.end(false)
			return all, lengths
		}
		b.request = b.request[:mux.HeadSize]
	}
}

func TestPiecesAreFullAndTogetherTheRequest(t *testing.T) {
	b := takeBuffers()
	for _, n := range []int{0, 1, smallPiece, smallPiece + 1, pieceSize - 6, pieceSize - 5, pieceSize - 4, pieceSize, 3*pieceSize - 5, 10 * pieceSize} {
		v := map[string]any{"A": bytes.Repeat([]byte("x"), n)}
		want, err := wire.NewEncoder().Value(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		all, lengths := piecesOf(t, b, v)
		if !bytes.Equal(all, want) {
			t.Fatalf("%d bytes: %d were made, want %d", n, len(all), len(want))
		}
		for i, length := range lengths {
			if i < len(lengths)-1 && length != pieceSize {
				t.Fatalf("%d bytes: pieces of %d", n, lengths)
			}
		}
		if cap(b.request) > smallPiece+mux.HeadSize {
			t.Fatalf("%d bytes: the buffer that stays has room for %d", n, cap(b.request))
		}
	}
}

// However large a request is, little of it is in memory.
func TestALargeRequestTakesNoMemoryOfItsSize(t *testing.T) {
	const size = 64 << 20
	v := map[string]any{"A": make([]byte, size)}
	b := takeBuffers()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.request = append(b.request[:0], headRoom[:]...)
	pieces := 0
	for err := b.stream(codec{}, v); !b.more.ended; err = b.more.make() {
		if err != nil {
			t.Fatal(err)
		}
		pieces++
		b.request = b.request[:mux.HeadSize]
	}
	b.end(false)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 || pieces < size/pieceSize {
		t.Fatalf("%d bytes were allocated for %d pieces", got, pieces)
	}
}

// What a caller leaves behind of a request is used no more, and its codec ends.
func TestARequestThatIsNotWantedEnds(t *testing.T) {
	for _, pending := range []bool{false, true} {
		b := takeBuffers()
		b.request = append(b.request[:0], headRoom[:]...)
		if err := b.stream(codec{}, map[string]any{"A": make([]byte, 10*pieceSize)}); err != nil {
			t.Fatal(err)
		}
		m, piece := b.more, b.request
		b.end(pending)
		if b.more != nil || m.piece != nil || !m.ended || m.err == nil {
			t.Fatalf("pending %v: %+v", pending, m)
		}
		if &b.request[:1][0] == &piece[0] {
			t.Fatalf("pending %v: the piece stays with the buffers", pending)
		}
	}
}
