package session

import (
	"io"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// claim is what one of the server's streams holds of the pool's bytes (Config.MaxReverseBytes)
// for a request, or for an answer. Its first mux.FreeBytes do not count.
type claim struct {
	share *mux.Share
	held  int64
}

// hold counts a buffer of total bytes in place of the one before. It reports false, and counts
// as before, where that is too much.
func (c *claim) hold(total int) bool { return c.change(total, c.share.Take) }

// holdAlone is hold; but where nothing else is counted, the buffer may be of any size.
func (c *claim) holdAlone(total int) bool {
	return c.change(total, func(more int64) bool { return c.share.TakeAlone(more, 0) })
}

func (c *claim) change(total int, take func(int64) bool) bool {
	more := max(int64(total)-mux.FreeBytes, 0) - c.held
	switch {
	case more < 0:
		c.share.Give(-more)
	case more > 0 && !take(more):
		return false
	}
	c.held += more
	return true
}

// sips reads little at a time, so that little is read of what follows a value.
type sips struct{ io.Reader }

// sip is how many bytes it reads at most.
const sip = 512

func (s sips) Read(b []byte) (int, error) { return s.Reader.Read(b[:min(len(b), sip)]) }
