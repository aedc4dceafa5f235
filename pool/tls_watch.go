package pool

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// offering offers credentials to servers until one takes them, and reads the files that
// they come from again. There may be two: of OfferTLS, and of the files of the credentials
// in force.
type offering struct {
	log     *logqueue.Logger
	from    *TLSConfig   // whose files are read; nil: there are none
	inForce *credentials // those in force, whose files are watched; nil: of OfferTLS
	serial  uint64       // of OfferTLS, among SetTLS and OfferTLS
	try     func(context.Context, *credentials) trial

	next    *credentials          // on offer; nil is plain TCP
	pending atomic.Bool           // next is to be taken
	untaken atomic.Pointer[error] // why the last trial did not take it; nil: there was none yet

	events chan struct{}   // has one when a server may answer differently now
	over   context.Context // ends it
	end    context.CancelFunc

	refusedSum   [sha256.Size]byte // of the credentials whose refusal was logged
	unreachedSum [sha256.Size]byte // of those for which it was logged that no server could be asked
	badFiles     string            // the fault of the files that was logged last
}

// The time between two offers: from 5 s, doubled each time, to 4 min, and up to a
// quarter more; and how soon after one an event may bring the next: a half more or less.
const (
	offerFirst = 5 * time.Second
	offerMost  = 4 * time.Minute
	offerSoon  = time.Second
)

// offerPause is the time after so many offers.
func offerPause(offers int) time.Duration {
	pause := min(offerFirst<<min(offers-1, 10), offerMost)
	return pause + rand.N(pause/4)
}

// event brings the next trial forward: a server may answer differently now, or there is
// another one.
func (o *offering) event() {
	if o == nil || !o.pending.Load() {
		return
	}
	select {
	case o.events <- struct{}{}:
	default:
	}
}

// run offers next, and reads the files, until a server has taken it, or there is none to
// ask, or ctx ends (false).
func (o *offering) run(ctx context.Context) bool {
	var tick <-chan time.Time
	if o.from != nil && o.from.Watch > 0 {
		t := time.NewTicker(o.from.Watch)
		defer t.Stop()
		tick = t.C
	}
	again := time.NewTimer(0) // there may be nothing to offer yet
	defer again.Stop()
	offers, soonest := 0, time.Now()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-again.C:
		case <-o.events:
			again.Reset(max(time.Until(soonest), 0))
			continue
		case <-tick:
			if !o.look(ctx) {
				continue
			}
			offers = 0
		}
		if !o.pending.Load() {
			continue
		}
		if o.offer(ctx) {
			return true
		}
		offers++
		again.Reset(offerPause(offers))
		soonest = time.Now().Add(offerSoon/2 + rand.N(offerSoon))
	}
}

// offer reports whether next is to come into force: a server took it, or none is known.
func (o *offering) offer(ctx context.Context) bool {
	t := o.try(ctx, o.next)
	sum := o.next.digest()
	switch {
	case t.taken || t.untried():
		return true
	case o.ended(ctx):
		return false
	case t.refused != nil:
		o.untaken.Store(&t.refused)
		if o.refusedSum != sum {
			o.refusedSum = sum
			o.complain(t.refused, "changed TLS files are not taken: those read before stay in force",
				"the TLS credentials on offer are not taken: those before stay in force")
		}
	default:
		o.untaken.Store(&t.unreached)
		if o.unreachedSum != sum {
			o.unreachedSum = sum
			o.complain(t.unreached, "no server can be asked about changed TLS files: those read before stay in force until one can",
				"no server can be asked about the TLS credentials on offer: those before stay in force until one can")
		}
	}
	return false
}

// ended reports whether the offering, or ctx, has ended.
func (o *offering) ended(ctx context.Context) bool { return ctx.Err() != nil || o.over.Err() != nil }

// complain logs why the credentials do not come into force.
func (o *offering) complain(err error, ofWatch, ofOffer string) {
	text := ofOffer
	if o.inForce != nil {
		text = ofWatch
	}
	o.log.Warn().Err(err).Msg(text)
}

// digest identifies credentials. That of plain TCP is not zero either.
func (c *credentials) digest() [sha256.Size]byte {
	if c == nil {
		return sha256.Sum256(nil)
	}
	return c.sum
}

// look reports whether the files hold other credentials to offer. It reads the files whole,
// and they are small: a time stamp would miss a change within its grain. Files that cannot
// be used change nothing: their last contents stay on offer.
func (o *offering) look(ctx context.Context) bool {
	m, err := o.from.read()
	if err != nil {
		o.bad(ctx, err.Error(), err)
		return false
	}
	sum := m.sum()
	if o.inForce != nil && sum == o.inForce.sum { // the files are as those in force again
		o.pending.Store(false)
		o.untaken.Store(nil)
		o.badFiles, o.refusedSum, o.unreachedSum = "", [sha256.Size]byte{}, [sha256.Size]byte{}
		return false
	}
	if o.pending.Load() && sum == o.next.digest() {
		o.badFiles = ""
		return false
	}
	next, err := m.credentials(time.Now())
	if err != nil {
		o.bad(ctx, string(sum[:]), err)
		return false
	}
	o.badFiles, o.next = "", next
	o.untaken.Store(nil)
	o.pending.Store(true)
	return true
}

// bad logs a fault of the files once.
func (o *offering) bad(ctx context.Context, about string, err error) {
	if o.badFiles == about || o.ended(ctx) {
		return
	}
	o.badFiles = about
	o.complain(err, "changed TLS files are not taken: those read before stay in force",
		"changed TLS files are not taken: those read before stay on offer")
}

// trial is the result of trying credentials on servers.
type trial struct {
	taken     bool
	refused   error // by the first that refused; they all did, or could not be asked
	unreached error // the first that could not be asked
}

// untried reports whether there was no server to ask.
func (t trial) untried() bool { return !t.taken && t.refused == nil && t.unreached == nil }
