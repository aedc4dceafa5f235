package credentials

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Offering offers credentials to servers until one takes them, and reads the files that
// they come from again. There may be two: of OfferTLS, and of the files of the credentials
// in force.
type Offering struct {
	Serial uint64 // of OfferTLS, among SetTLS and OfferTLS

	log     zerolog.Logger
	from    *Config             // whose files are read; nil: there are none
	inForce func() *Credentials // those in force, whose files are watched; nil: of OfferTLS
	try     Try
	last    Sum // of what was read last

	next    *Credentials          // on offer; nil is plain TCP
	pending atomic.Bool           // next is to be taken
	untaken atomic.Pointer[error] // why the last trial did not take it; nil: there was none yet

	events chan struct{}   // has one when a server may answer differently now
	over   context.Context // ends it
	end    context.CancelFunc

	refused   bool   // that what is on offer is refused was logged
	unreached bool   // that no server can be asked about it was
	badFiles  string // the fault of the files that was logged last
}

// Try tries credentials on servers.
type Try func(context.Context, *Credentials) Trial

// newOffering offers nothing yet.
func newOffering(log zerolog.Logger, try Try) *Offering {
	o := &Offering{log: log, try: try, events: make(chan struct{}, 1)}
	o.over, o.end = context.WithCancel(context.Background())
	return o
}

// Offer makes the offering of next, whose files are read again if it has some.
func Offer(log zerolog.Logger, next *Credentials, serial uint64, try Try) *Offering {
	o := newOffering(log, try)
	o.Serial, o.next = serial, next
	if next != nil {
		o.from, o.last = &next.from, next.sum
	}
	o.pending.Store(true)
	return o
}

// Watch makes the offering of what the files of the credentials in force will hold, which are
// not nil now.
func Watch(log zerolog.Logger, inForce func() *Credentials, try Try) *Offering {
	o, now := newOffering(log, try), inForce()
	o.from, o.inForce, o.last = &now.from, inForce, now.sum
	return o
}

// Files are those that are read again; nil: none.
func (o *Offering) Files() *Config { return o.from }

// Next is what is on offer, once Run has returned.
func (o *Offering) Next() *Credentials { return o.next }

// Watched reports whether it is about the files of the credentials in force.
func (o *Offering) Watched() bool { return o.inForce != nil }

// End ends it; Over reports whether it has.
func (o *Offering) End() { o.end() }

// Over reports whether End was called.
func (o *Offering) Over() bool { return o.over.Err() != nil }

// Pending reports whether something is on offer, and why it was not taken the last time;
// nil: it was not tried yet. Of nil nothing is on offer.
func (o *Offering) Pending() (pending bool, untaken error) {
	if o == nil || !o.pending.Load() {
		return false, nil
	}
	if why := o.untaken.Load(); why != nil {
		untaken = *why
	}
	return true, untaken
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

// Event brings the next trial forward: a server may answer differently now, or there is
// another one.
func (o *Offering) Event() {
	if o == nil || !o.pending.Load() {
		return
	}
	select {
	case o.events <- struct{}{}:
	default:
	}
}

// Run offers what is on offer, and reads the files, until a server has taken it, or there is
// none to ask, or ctx or the offering ends (false).
func (o *Offering) Run(ctx context.Context) bool {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(o.over, stop)()
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
func (o *Offering) offer(ctx context.Context) bool {
	t := o.try(ctx, o.next)
	switch {
	case t.Taken || t.untried():
		return true
	case o.ended(ctx):
		return false
	case t.Refused != nil:
		o.untaken.Store(&t.Refused)
		if !o.refused {
			o.refused = true
			o.complain(t.Refused, "changed TLS files are not taken: the certificate read before stays in force",
				"the TLS credentials on offer are not taken: the certificate before stays in force")
		}
	default:
		o.untaken.Store(&t.Unreached)
		if !o.unreached {
			o.unreached = true
			o.complain(t.Unreached, "no server can be asked about the certificate in changed TLS files: it is offered until one can",
				"no server can be asked about the TLS credentials on offer: they are offered until one can")
		}
	}
	return false
}

// ended reports whether the offering, or ctx, has ended.
func (o *Offering) ended(ctx context.Context) bool { return ctx.Err() != nil || o.over.Err() != nil }

// complain logs why the credentials do not come into force.
func (o *Offering) complain(err error, ofWatch, ofOffer string) {
	text := ofOffer
	if o.inForce != nil {
		text = ofWatch
	}
	o.log.Warn().Err(err).Msg(text)
}

// look reports whether the files hold other credentials to offer. It reads the files whole,
// and they are small: a time stamp would miss a change within its grain. Files that cannot
// be used change nothing: their last contents stay on offer.
func (o *Offering) look(ctx context.Context) bool {
	m, err := o.from.read()
	if err != nil {
		o.bad(ctx, err.Error(), err)
		return false
	}
	sum := m.sum()
	if sum == o.last {
		o.badFiles = ""
		return false
	}
	next, err := m.credentials()
	if err != nil {
		o.bad(ctx, string(sum[:]), err)
		return false
	}
	same := o.inForce != nil && next.Same(o.inForce()) // the files are as those in force again
	if same || o.next == nil || next.Shows() != o.next.Shows() {
		o.refused, o.unreached = false, false
	}
	o.badFiles, o.last, o.next = "", sum, next
	o.untaken.Store(nil)
	o.pending.Store(!same)
	return !same
}

// bad logs a fault of the files once.
func (o *Offering) bad(ctx context.Context, about string, err error) {
	if o.badFiles == about || o.ended(ctx) {
		return
	}
	o.badFiles = about
	o.complain(err, "changed TLS files are not taken: those read before stay in force",
		"changed TLS files are not taken: those read before stay on offer")
}

// Trial is the result of trying credentials on servers.
type Trial struct {
	Taken     bool
	Refused   error // by the first that refused; they all did, or could not be asked
	Unreached error // the first that could not be asked
}

// untried reports whether there was no server to ask.
func (t Trial) untried() bool { return !t.Taken && t.Refused == nil && t.Unreached == nil }
