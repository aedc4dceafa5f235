package pool

import (
	"context"
	"crypto/sha256"
	"time"
)

// watch looks after the files of the credentials in force, in place of those it
// looked after before.
func (o *owner) watch() {
	p := o.pool
	if before := p.watching.Swap(nil); before != nil {
		before.end()
	}
	inForce := p.creds.Load()
	if inForce == nil || inForce.from.Watch == 0 {
		return
	}
	w := p.newOffering(&inForce.from)
	w.inForce = inForce
	p.watching.Store(w)
	o.start(w)
}

// look says whether the files hold something new to offer. It reads them whole, and
// they are small: a time stamp would miss what is replaced within its grain. Files
// that are of no use change nothing: what they held before stays on offer.
func (o *offering) look(ctx context.Context) bool {
	m, err := o.from.read()
	if err != nil {
		o.bad(ctx, err.Error(), err)
		return false
	}
	sum := m.sum()
	if o.inForce != nil && sum == o.inForce.sum { // what was wrong is mended, or taken back
		o.pending.Store(false)
		o.untaken.Store(nil)
		o.badFiles, o.refusedSum, o.unheardSum = "", [sha256.Size]byte{}, [sha256.Size]byte{}
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

// bad logs once for each thing that is wrong with the files.
func (o *offering) bad(ctx context.Context, about string, err error) {
	if o.badFiles == about || o.ended(ctx) {
		return
	}
	o.badFiles = about
	o.complain(err, "changed TLS files are not taken: those read before stay in force",
		"changed TLS files are not taken: those read before stay on offer")
}
