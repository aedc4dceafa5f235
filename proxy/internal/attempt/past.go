package attempt

import (
	"slices"
	"time"
)

// past is what the failures of a call have left. Nearly all calls have none.
type past struct {
	harm
	tried     []string // servers that failed in this pass over the list
	last      Failure
	notBefore time.Time // no server that it has asked for in vain since its last pause is dialed before; zero: one was
}

// forget ends a pass.
func (p *past) forget() {
	if p != nil {
		p.tried = p.tried[:0]
	}
}

// absolve forgets what the call may have done to servers.
func (p *past) absolve() {
	if p != nil {
		p.harm = harm{}
	}
}

// has reports whether a server failed in this pass.
func (p *past) has(server string) bool { return p != nil && slices.Contains(p.tried, server) }

// leavesAlone reports whether a server was not dialed since the last pause.
func (p *past) leavesAlone() bool { return p != nil && !p.notBefore.IsZero() }

// left records a server that is not dialed for now.
func (p *past) left(f Failure) {
	if !f.Until.IsZero() && (p.notBefore.IsZero() || f.Until.Before(p.notBefore)) {
		p.notBefore = f.Until
	}
}

// confined is harm.confined; no past confines nothing.
func (p *past) confined(soft bool) bool { return p != nil && p.harm.confined(soft) }
