package admit

import (
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// Gate admits connections or refuses them. Its methods may be called from several
// goroutines.
type Gate struct {
	policy atomic.Pointer[Policy]
	places chan struct{} // one for each lookup under way
	users  users
}

// Bounds of the lookups.
const (
	maxLookups = 32              // under way at once
	lookupTime = 2 * time.Second // for one, and to wait for its turn: the kernel answers at once
)

// New makes a Gate.
func New(p Policy) *Gate {
	g := &Gate{places: make(chan struct{}, maxLookups)}
	g.Set(p)
	return g
}

// Set replaces the policy, for connections from now on. The lists of p are copied.
func (g *Gate) Set(p Policy) {
	p.AllowUIDs = slices.Clone(p.AllowUIDs)
	g.policy.Store(&p)
}

// The reasons of refusals without a user. They are keys of a log, so they are few.
const (
	reasonGone    = "it has left already, or its socket is in another network namespace"
	reasonForeign = "the kernel does not list this connection here"
	reasonNoTCP   = "it is no TCP connection"
	reasonBusy    = "too many connections are being looked up"
	reasonSystem  = "this system does not say which user it is of"
	reasonKernel  = "the kernel did not say which user it is of"
	reasonUser    = "may not connect"
)

// Admit is nil if a connection may be served. It must be called before anything is read
// from it, or written. The error is a *RefusedError; conn stays open. It waits 2 s at most,
// and usually less than 0.1 ms.
func (g *Gate) Admit(conn net.Conn) error {
	p := g.policy.Load()
	if p.AllowAnyLocalUser && local(conn) || verifies(p.TLS) {
		return nil
	}
	uid, refused := g.owner(conn)
	if refused != nil {
		refused.Peer, refused.UID = peer(conn), -1
		return refused
	}
	if uid == 0 || int64(uid) == int64(os.Geteuid()) || slices.Contains(p.AllowUIDs, uid) {
		return nil
	}
	return &RefusedError{
		Peer: peer(conn), UID: int64(uid), User: g.users.name(uid), Reason: reasonUser,
		Advice: "only root, the user of this process and those of allow_uid may: run the agent as one of them, or add it there",
	}
}

// owner is the uid of the socket at the other end.
func (g *Gate) owner(conn net.Conn) (uint32, *RefusedError) {
	if !ownersKnown {
		return 0, &RefusedError{Reason: reasonSystem, Advice: "set up TLS with client certificates for agents, or accept it with " + allowAny}
	}
	turn := time.NewTimer(lookupTime)
	defer turn.Stop()
	select {
	case g.places <- struct{}{}:
		defer func() { <-g.places }()
		return lookUp(conn)
	case <-turn.C:
		return 0, &RefusedError{Reason: reasonBusy}
	}
}

// local reports whether both ends are on loopback. A packet from elsewhere cannot be.
func local(conn net.Conn) bool {
	for _, addr := range []net.Addr{conn.LocalAddr(), conn.RemoteAddr()} {
		if tcp, ok := addr.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
			return false
		}
	}
	return true
}

// peer is the address of the other end.
func peer(conn net.Conn) string {
	if addr := conn.RemoteAddr(); addr != nil {
		return addr.String()
	}
	return "a connection without an address"
}
