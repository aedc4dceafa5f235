package session

import (
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
)

// A slow path has the connection keep the pieces of a large request, in buffers that are used again.
func TestAPieceIsKeptInABufferThatIsUsedAgain(t *testing.T) {
	if size := mux.HeadSize + pieceSize; size > nbconn.Reused {
		t.Errorf("a piece of %d bytes has a new buffer, as what is larger than %d", size, nbconn.Reused)
	}
}
