package session

import (
	"fmt"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// made is what the values that were made of a server's requests on one stream hold of the pool's
// bytes (Config.MaxReverseBytes), as estimated. The first mux.FreeBytes do not count. Any
// goroutine may use it.
type made struct {
	cfg   *Config
	share *mux.Share
	full  func() // is told of each request that is refused for want of room
	held  atomic.Int64
	over  atomic.Bool // nothing more is held
}

// hold counts values of n bytes together in place of those before; they are made of one
// request, which itself holds beside bytes. The error is why they must not be made, and then it
// counts as before. Where nothing else is counted there is room.
func (m *made) hold(n uint64, beside int64) error {
	if most := wire.MostDecoded(m.cfg.MaxRequestBytes); n > most {
		return fmt.Errorf("rpc: request refused: it would take at least %d bytes of memory once it is decoded, over the limit of %d (MaxRequestBytes)", n, most)
	}
	counted := max(int64(n)-mux.FreeBytes, 0)
	if counted > 0 && !m.share.TakeAlone(counted, beside+m.held.Load()) {
		m.full()
		return fmt.Errorf("rpc: request refused: decoded, it would take %d bytes of memory, and all that are not answered yet may hold %d bytes (%s)", n, m.cfg.MaxReverseBytes, m.cfg.RoomName)
	}
	m.share.Give(m.held.Swap(counted))
	if m.over.Load() {
		m.end()
	}
	return nil
}

// end counts nothing from now on.
func (m *made) end() {
	m.over.Store(true)
	m.share.Give(m.held.Swap(0))
}
