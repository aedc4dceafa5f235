package edns

import (
	"maps"
	"sync/atomic"
	"time"
)

// Bounds of what is remembered.
const (
	maxServers = 64          // servers; of more, any one is forgotten
	plainFor   = time.Hour   // how long a server that does not know EDNS is asked without it
	silentFor  = time.Minute // how long one that was silent is
)

// Resolvers remembers which name servers do not know EDNS. The zero value is ready. Any
// number of goroutines may use it.
type Resolvers struct {
	plain atomic.Pointer[map[string]time.Time] // until when a server is asked without EDNS
}

// without reports whether a server is asked without EDNS.
func (r *Resolvers) without(server string, now time.Time) bool {
	plain := r.plain.Load()
	return plain != nil && now.Before((*plain)[server])
}

// note remembers that a server is asked without EDNS until then; the zero time: with it.
func (r *Resolvers) note(server string, until time.Time) {
	for {
		old := r.plain.Load()
		next := make(map[string]time.Time)
		if old != nil {
			if (*old)[server].Equal(until) {
				return // most often neither knows anything of it
			}
			maps.Copy(next, *old)
		}
		if delete(next, server); !until.IsZero() {
			for other := range next {
				if len(next) < maxServers {
					break
				}
				delete(next, other)
			}
			next[server] = until
		}
		if r.plain.CompareAndSwap(old, &next) {
			return
		}
	}
}
