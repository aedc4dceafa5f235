package main

import (
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// ledger takes down how every call ended. Calls whose executions are counted
// are kept for a while, because a frozen server may execute a request long after
// its caller has left; then they are compared with the cluster's counts and
// forgotten, here and there.
type ledger struct {
	endings chan ending
	visits  chan func(*page)
	quit    chan struct{}
	ended   chan struct{}
}

// page is the state of the ledger. Its goroutine alone touches it.
type page struct {
	forget  func(ids ...string) map[string]int // the cluster's counts
	journal *journal

	begun    time.Time
	calls    [groups]tally
	breaches breaches
	repeated int           // counted calls that ran more than once, as they may
	worst    time.Duration // between two calls that succeeded, over all callers
	gapAmid  string        // the faults in force then
	last     time.Time     // when a call succeeded
	batches  []batch       // not yet compared, the oldest in front
	stalls   []testutil.Stall
	suspects []suspect
}

// tally is how the calls of a group ended.
type tally struct {
	Calls         int `json:"calls"`
	Succeeded     int `json:"succeeded"`
	MaybeExecuted int `json:"maybe_executed"` // failed so
	NotExecuted   int `json:"not_executed"`   // failed so
	Unreadable    int `json:"unreadable"`     // failed so
	Broken        int `json:"broken"`         // failed and should not have
}

// batch is calls that ended at about the same time.
type batch struct {
	since   time.Time
	endings []ending
}

// How long a call's executions are waited for, and how long a batch is added to.
const (
	quarantine = 2 * (longestFreeze + longestDelay)
	perBatch   = time.Second
)

func openLedger(forget func(ids ...string) map[string]int, j *journal) *ledger {
	l := &ledger{
		endings: make(chan ending, 256), visits: make(chan func(*page)),
		quit: make(chan struct{}), ended: make(chan struct{}),
	}
	now := time.Now()
	go l.run(&page{forget: forget, journal: j, begun: now, last: now})
	return l
}

func (l *ledger) run(p *page) {
	defer close(l.ended)
	tick := time.NewTicker(perBatch)
	defer tick.Stop()
	for {
		select {
		case e := <-l.endings:
			p.enter(e)
		case f := <-l.visits:
			f(p)
		case now := <-tick.C:
			p.compare(now.Add(-quarantine))
			p.judge(now.Add(-hearsay))
		case <-l.quit:
			return
		}
	}
}

// enter takes down a call. It blocks while the ledger is busy.
func (l *ledger) enter(e ending) { l.endings <- e }

// visit runs f on the ledger's goroutine, behind what was entered before, and
// waits for it.
func (l *ledger) visit(f func(*page)) {
	ran := make(chan struct{})
	l.visits <- func(p *page) {
		for {
			select {
			case e := <-l.endings:
				p.enter(e)
				continue
			default:
			}
			break
		}
		f(p)
		close(ran)
	}
	<-ran
}

// close ends the ledger. No other goroutine may use it.
func (l *ledger) close() {
	close(l.quit)
	<-l.ended
}

// spared is how many of so many calls that may be made again may be given up because
// connections broke under them too often.
func spared(calls int) int { return 2 + calls/50 }

func (p *page) enter(e ending) {
	t := &p.calls[e.group]
	t.Calls++
	f, b := e.judge()
	switch f {
	case done:
		t.Succeeded++
		if gap := e.end.Sub(p.last); gap > p.worst {
			p.worst, p.gapAmid = gap, p.journal.during(p.last, e.end)
		}
		if e.end.After(p.last) {
			p.last = e.end
		}
	case undecided:
		if t.MaybeExecuted++; e.group != atMostOnce && t.MaybeExecuted > spared(t.Calls) {
			p.report(lost, &e, "")
		}
	case untouched:
		t.NotExecuted++
	case unreadable:
		t.Unreadable++
	case broken:
		t.Broken++
		p.report(b, &e, "")
	}
	p.suspect(e.begin, e.end, callTimeout+overstay, func(time.Duration) { p.report(overstayed, &e, "") })
	if e.id == "" {
		return
	}
	if n := len(p.batches); n == 0 || e.end.Sub(p.batches[n-1].since) >= perBatch {
		p.batches = append(p.batches, batch{since: e.end})
	}
	open := &p.batches[len(p.batches)-1]
	open.endings = append(open.endings, e)
}

// compare looks at the batches that were complete by then.
func (p *page) compare(by time.Time) {
	for len(p.batches) > 0 && !p.batches[0].since.Add(perBatch).After(by) {
		endings := p.batches[0].endings
		p.batches[0] = batch{} // nothing behind the slice is kept alive
		p.batches = p.batches[1:]
		ids := make([]string, len(endings))
		for i := range endings {
			ids[i] = endings[i].id
		}
		executed := p.forget(ids...)
		for i := range endings {
			e := &endings[i]
			n := executed[e.id]
			if b, fine := e.settle(n); !fine {
				p.report(b, e, executions(n))
			}
			if n > 1 && e.group == count {
				p.repeated++
			}
		}
	}
}

// report adds a breach of a call and what was going on.
func (p *page) report(b breach, e *ending, more string) {
	p.breaches.add(b, "at %.3fs, %v%s; faults meanwhile:%s",
		e.begin.Sub(p.begun).Seconds(), e, more, p.journal.during(e.begin.Add(-time.Second), e.end))
}
