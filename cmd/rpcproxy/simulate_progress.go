package main

import (
	"fmt"
	"io"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/terminal"
	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// teller tells people how far a simulation is: on a terminal in one line that is drawn
// again and again, elsewhere in a line every ten seconds. One goroutine uses it.
type teller struct {
	out      io.Writer // nil: it tells nothing
	terminal bool
	every    time.Duration // at least, between two lines
	last     time.Time
	drawn    bool
}

// How often it tells, on a terminal and elsewhere.
const (
	redrawEach = 100 * time.Millisecond
	tellEach   = 10 * time.Second
)

func newTeller(out io.Writer, quiet bool) *teller {
	t := &teller{out: out, every: tellEach, last: time.Now()}
	if quiet {
		t.out = nil
	}
	if terminal.Is(out) {
		t.terminal, t.every = true, redrawEach
	}
	return t
}

// progress is called by the simulation after each second of virtual time.
func (t *teller) progress(p fleet.Progress) {
	if t.out == nil || time.Since(t.last) < t.every {
		return
	}
	t.last = time.Now()
	if t.terminal {
		t.drawn = true
		fmt.Fprint(t.out, terminal.Redrawn(progressLine(p)))
		return
	}
	warn(t.out, progressLine(p))
}

// wipe removes the line from a terminal.
func (t *teller) wipe() {
	if t.drawn {
		fmt.Fprint(t.out, terminal.Wipe)
	}
}

// progressLine has what matters most within 40 columns.
func progressLine(p fleet.Progress) string {
	at := virtual(max(p.At, 0)) + "/" + virtual(p.For)
	if p.At < 0 {
		at = "warm-up, " + virtual(-p.At) + " left"
	}
	return fmt.Sprintf("%v (%d/%d) %s: %d out", p.Policy, p.Run+1, p.Runs, at, p.Out)
}

// virtual is a time as minutes and seconds.
func virtual(d time.Duration) string {
	n := int(d / time.Second)
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}
