package main

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// journal remembers the latest faults, so that an error can be printed together
// with what was going on. The chaos writes it, anybody may read it.
type journal struct {
	pages atomic.Pointer[[]span] // never changed, only replaced
}

// remembered is how many faults the journal knows.
const remembered = 96

// span is a fault as it was carried out.
type span struct {
	event    event
	addr     string
	from, to time.Time // to is zero while it lasts
}

func newJournal() *journal {
	j := &journal{}
	j.pages.Store(&[]span{})
	return j
}

func (j *journal) began(e event, addr string) {
	pages := *j.pages.Load()
	pages = append(slices.Clone(pages[max(len(pages)-remembered+1, 0):]), span{event: e, addr: addr, from: time.Now()})
	j.pages.Store(&pages)
}

func (j *journal) ended(e event) {
	pages := slices.Clone(*j.pages.Load())
	for i := range pages {
		if pages[i].event.at == e.at {
			pages[i].to = time.Now()
		}
	}
	j.pages.Store(&pages)
}

// during tells which faults were in force between begin and end, one a line,
// times counted from begin.
func (j *journal) during(begin, end time.Time) string {
	var b strings.Builder
	for _, s := range *j.pages.Load() {
		if s.from.After(end) || !s.to.IsZero() && s.to.Before(begin) {
			continue
		}
		until := "on"
		if !s.to.IsZero() {
			until = fmt.Sprintf("%.3fs", s.to.Sub(begin).Seconds())
		}
		fmt.Fprintf(&b, "\n\t%s from %.3fs to %s (%v)", s.addr, s.from.Sub(begin).Seconds(), until, s.event)
	}
	return b.String()
}
