package attempt

import (
	"slices"
	"time"
)

// How many servers one call may take down. A request can kill the server that executes it: one
// server after the other, if only it is sent on for long enough. But a server that was killed
// looks like one that is restarted, so a call is not given up for it at once: it is kept
// to the servers that have seen it, which answer it if they come back.
const (
	mostBroken  = 2 // servers whose connection broke under it
	mostUnheard = 3 // servers that have seen it and did not answer, those included
	mostBreaks  = 4 // connections that broke under it; behind one address there may be many servers
)

// confinedMost is how long a blocking query is kept to them. Servers that are restarted are back by then;
// those that died for good, one soon after the other, must not keep their agents out. Its
// caller makes it anew, and any server may have it.
const confinedMost = 10 * time.Second

// harm is what one call may have done to servers. Of a query that was blocked for
// long nothing counts: the reason is elsewhere.
type harm struct {
	asked  []string // servers that have seen it and did not answer
	broken []string // those of them whose connection broke under it
	breaks int      // connections that broke under it

	confinedBy time.Time // when a blocking query ends that is kept to them; zero: it is not
}

// harmed records a failure at a server.
func (h *harm) harmed(server string, f Failure) {
	if f.Outcome != MaybeExecuted || f.Kind != Cut && !f.Broke {
		return
	}
	if !slices.Contains(h.asked, server) {
		h.asked = append(h.asked, server)
	}
	if !f.Broke {
		return
	}
	h.breaks++
	if !slices.Contains(h.broken, server) {
		h.broken = append(h.broken, server)
	}
}

// confined reports whether no other server may have the call than those that have seen
// it. For one with a soft deadline silence does not count: it is repeated all the time, and
// does not kill servers.
func (h *harm) confined(soft bool) bool {
	return len(h.broken) >= mostBroken || !soft && len(h.asked) >= mostUnheard
}
