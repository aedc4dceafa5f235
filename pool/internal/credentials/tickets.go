package credentials

import (
	"crypto/tls"
	"maps"
	"sync/atomic"
)

// mostTickets is for how many servers tickets are kept. One more takes the place of any of these:
// most that an agent has met in months are gone.
const mostTickets = 64

// tickets are what servers gave for a shorter handshake, by the address of the server. They
// belong to one value of Credentials: whatever this side shows, or wants to be shown, becomes
// another one if it changes, which has none. The map is replaced, never changed.
type tickets struct {
	by atomic.Pointer[map[string]*ticket]
}

// ticket is that of one server, as package tls wants it: the last one given, until it is used.
// No ticket is used twice: nobody who listens sees that two connections are of the same side, and
// a handshake that fails with one is followed by one without.
type ticket struct {
	kept atomic.Pointer[tls.ClientSessionState]
}

func (t *ticket) Get(string) (*tls.ClientSessionState, bool) {
	kept := t.kept.Swap(nil)
	return kept, kept != nil
}

func (t *ticket) Put(_ string, given *tls.ClientSessionState) { t.kept.Store(given) }

// of is the ticket of the server at addr.
func (t *tickets) of(addr string) tls.ClientSessionCache {
	for {
		all := t.by.Load()
		var next map[string]*ticket
		if all == nil {
			next = make(map[string]*ticket)
		} else if known := (*all)[addr]; known != nil {
			return known
		} else {
			next = maps.Clone(*all)
		}
		if len(next) >= mostTickets {
			for another := range next {
				delete(next, another)
				break
			}
		}
		added := new(ticket)
		next[addr] = added
		if t.by.CompareAndSwap(all, &next) {
			return added
		}
	}
}
