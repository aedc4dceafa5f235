package script

import (
	"slices"
	"time"
)

// Event changes the world at a time of the run.
type Event struct {
	At      time.Duration
	Do      string
	Servers []int // nil: all, or none where Do is about none
	Percent int   // of the clients
	Time    time.Duration
}

// The verbs of events. What of them needs no servers is in alone.
var (
	verbs = []string{
		"kill", "start", "freeze", "thaw", "hang", "unhang", "cut", "heal", "slow", "leaderless", "led",
		"join", "leave", "name", "unname", "minority", "dns", "discovery",
	}
	alone = []string{"minority", "dns fails", "dns answers", "discovery fails", "discovery answers"}
)

func (w *words) at() Statement {
	e := Event{At: w.span(0)}
	switch e.Do = w.one(verbs...); e.Do {
	case "cut":
		e.Percent = w.percent()
		w.one("of")
		w.one("clients")
		w.one("from")
		e.Servers = w.numbers()
	case "slow":
		e.Servers = w.numbers()
		e.Time = w.span(0)
	case "dns", "discovery":
		e.Do += " " + w.one("fails", "answers")
	case "minority":
	default:
		e.Servers = w.numbers()
	}
	return e
}

func (e Event) String() string { return "at " + ShowSpan(e.At) + " " + e.Text() }

// Text is the event without its time.
func (e Event) Text() string {
	switch {
	case slices.Contains(alone, e.Do):
		return e.Do
	case e.Do == "cut":
		return "cut " + showPercent(e.Percent) + " of clients from " + showServers(e.Servers)
	case e.Do == "slow":
		return "slow " + showServers(e.Servers) + " " + ShowSpan(e.Time)
	}
	return e.Do + " " + showServers(e.Servers)
}

// Roll restarts the servers one after the other.
type Roll struct {
	Every, Down time.Duration
	From        time.Duration
}

// begin is when the faults begin of which a scenario does not say when.
const begin = 10 * time.Second

func (w *words) roll() Statement {
	r := Roll{From: begin}
	w.one("every")
	r.Every = w.span(time.Millisecond)
	w.one("down")
	r.Down = w.span(time.Millisecond)
	if w.maybe("from") != "" {
		r.From = w.span(0)
	}
	w.end("from")
	return r
}

func (r Roll) String() string {
	return "roll every " + ShowSpan(r.Every) + " down " + ShowSpan(r.Down) + from(r.From)
}

// Outage has all servers die and come back together.
type Outage struct{ Down, From time.Duration }

func (w *words) outage() Statement {
	o := Outage{Down: w.span(time.Millisecond), From: begin}
	if w.maybe("from") != "" {
		o.From = w.span(0)
	}
	w.end("from")
	return o
}

func (o Outage) String() string { return "outage " + ShowSpan(o.Down) + from(o.From) }

func from(d time.Duration) string {
	if d == begin {
		return ""
	}
	return " from " + ShowSpan(d)
}
