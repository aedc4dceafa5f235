package main

import "time"

// books count the calls of the demo, act by act. One goroutine keeps them.
type books struct {
	entries chan func(*page)
	quit    chan struct{}
	done    chan struct{}
}

// account is what one act cost. Only the books' goroutine touches it until it
// is settled; from then on it does not change.
type account struct {
	name   string
	calls  int           // begun in the act
	failed int           // of these
	worst  time.Duration // between two successful calls, over all callers
	causes []error       // of the first few that failed

	begun   chan struct{} // closed when a first call has begun in it
	open    int           // calls under way
	closed  bool          // no further call begins in it
	settled chan struct{} // closed when the last of its calls has ended
}

// maxCauses is how many failed calls of an act are explained.
const maxCauses = 5

// page is the state of the books.
type page struct {
	now  *account  // where a call that begins now is entered; nil before and after the play
	seen *account  // whose gaps are measured: now, or the one before until it is settled
	last time.Time // of a call that succeeded
}

func openBooks() *books {
	b := &books{entries: make(chan func(*page)), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(b.done)
		p := &page{last: time.Now()}
		for {
			select {
			case f := <-b.entries:
				f(p)
			case <-b.quit:
				return
			}
		}
	}()
	return b
}

// close ends the books. Nobody may be using them.
func (b *books) close() {
	close(b.quit)
	<-b.done
}

// do runs f on the books' goroutine and waits for it.
func (b *books) do(f func(*page)) {
	ran := make(chan struct{})
	b.entries <- func(p *page) { f(p); close(ran) }
	<-ran
}

// turn opens the account of the next act and closes the one before, which
// settles when its last call has ended. The empty name only closes.
func (b *books) turn(name string) (next *account) {
	if name != "" {
		next = &account{name: name, begun: make(chan struct{}), settled: make(chan struct{})}
	}
	b.do(func(p *page) {
		before := p.now
		p.now = next
		if p.seen == nil {
			p.seen = next
		}
		if before != nil {
			before.closed = true
			p.settle(before)
		}
	})
	return next
}

// begin enters a call into the act that plays now.
func (b *books) begin() (a *account) {
	b.do(func(p *page) {
		a = p.now
		if a.calls++; a.calls == 1 {
			close(a.begun)
		}
		a.open++
	})
	return a
}

// end enters how a call ended, into the act in which it began.
func (b *books) end(a *account, at time.Time, err error) {
	b.do(func(p *page) {
		a.open--
		switch {
		case err == nil:
			p.succeeded(at)
		default:
			a.failed++
			if len(a.causes) < maxCauses {
				a.causes = append(a.causes, err)
			}
		}
		p.settle(a)
	})
}

// succeeded measures the gap that a successful call ends.
func (p *page) succeeded(at time.Time) {
	p.gap(at)
	if at.After(p.last) {
		p.last = at
	}
}

func (p *page) gap(until time.Time) {
	p.seen.worst = max(p.seen.worst, until.Sub(p.last))
}

// settle ends an account that has nothing to come. A gap that lasts is its own
// as far as it has come.
func (p *page) settle(a *account) {
	if !a.closed || a.open > 0 {
		return
	}
	p.gap(time.Now())
	p.seen = p.now
	close(a.settled)
}

// reading is what the books say now.
type reading struct{ calls, failed, open int }

// read looks into the account a.
func (b *books) read(a *account) (r reading) {
	b.do(func(*page) { r = reading{a.calls, a.failed, a.open} })
	return r
}
