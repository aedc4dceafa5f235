package script

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Plan is a scenario in one of its forms.
type Plan struct {
	Clients    Clients
	Servers    Servers
	NAT        int // 0: each client has an address of its own
	RTT        []RTT
	Zones      *Zones
	Balancer   bool
	DNS        *DNS
	Heartbeats *Heartbeats // nil: as Nomad does by default
	Discovery  *Discovery  // nil: there is none
	TTL        time.Duration
	Forget     time.Duration // 0: never
	Start      *StartOver
	Warm       *Warm
	For        time.Duration
	Seed       int

	Present int     // servers 1 to this one are there at the beginning; the others join
	Events  []Timed // by time
	Expect  []Expected
}

// Timed is an event of a line.
type Timed struct {
	Event
	Line Line
	On   []int // the servers that it changes
}

// Expected is an expectation of a line.
type Expected struct {
	Expect
	Line Line
}

// What a scenario has that does not say otherwise.
const (
	defaultClients = 1000
	defaultServers = 5
	defaultFor     = 5 * time.Minute
)

// DefaultWarm is the warm-up of a scenario that does not say otherwise.
const DefaultWarm = 15 * time.Minute

// Plan is the scenario in its short form, or in its long one. The error is a *SyntaxError:
// lines contradict each other.
func (s *Script) Plan(short bool) (*Plan, error) {
	p := &Plan{
		Clients: Clients{Count: defaultClients}, Servers: Servers{Count: defaultServers}, For: defaultFor,
	}
	lines, err := s.form(short)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		switch st := l.Statement.(type) {
		case Clients:
			p.Clients = st
		case Servers:
			p.Servers = st
		case RTT:
			p.RTT = append(p.RTT, st)
		case NAT:
			p.NAT = int(st)
		case Zones:
			p.Zones = &st
		case Balancer:
			p.Balancer = true
		case DNS:
			p.DNS = &st
		case Forget:
			p.Forget = time.Duration(st)
		case Heartbeats:
			p.Heartbeats = &st
		case Discovery:
			p.Discovery = &st
		case TTL:
			p.TTL = time.Duration(st)
		case StartOver:
			p.Start = &st
		case Warm:
			p.Warm = &st
		case For:
			p.For = time.Duration(st)
		case Seed:
			p.Seed = int(st)
		case Event:
			p.Events = append(p.Events, Timed{Event: st, Line: l})
		case Expect:
			p.Expect = append(p.Expect, Expected{st, l})
		}
	}
	for _, l := range lines { // now that it is known how many servers there are
		switch st := l.Statement.(type) {
		case Roll:
			if len(p.Events) <= MaxStatements {
				p.Events = append(p.Events, st.events(p.Servers.Count, l)...)
			}
		case Outage:
			p.Events = append(
				p.Events, Timed{Event: Event{At: st.From, Do: "kill"}, Line: l}, Timed{Event: Event{At: st.From + st.Down, Do: "start"}, Line: l},
			)
		}
	}
	if len(p.Events) > MaxStatements {
		l := p.Events[MaxStatements].Line
		return nil, s.fail(l, l.Text(), "too many events", "a scenario may have "+thousands(MaxStatements)+", and a rolling restart has two for each server")
	}
	slices.SortStableFunc(p.Events, func(a, b Timed) int { return cmp.Compare(a.At, b.At) })
	return p, s.check(p, lines)
}

// form is the lines that count in a form. Of the statements that there can be one of, the
// form's own counts.
func (s *Script) form(short bool) ([]Line, error) {
	other := Short
	if short {
		other = Long
	}
	of := map[string]Line{}
	var lines []Line
	for _, l := range s.Lines {
		if l.Form == other {
			continue
		}
		lines = append(lines, l)
		if !l.single() {
			continue
		}
		key := l.keyword()
		before, is := of[key]
		if is && (before.Form == Both) == (l.Form == Both) {
			return nil, s.fail(l, key, "line "+strconv.Itoa(before.Number)+" says that already", "leave one of the two out")
		}
		if !is || l.Form != Both {
			of[key] = l
		}
	}
	return slices.DeleteFunc(lines, func(l Line) bool { return l.single() && of[l.keyword()].Number != l.Number }), nil
}

// single reports whether there can be one statement of this kind.
func (l Line) single() bool {
	switch st := l.Statement.(type) {
	case Event, Expect, Roll, Outage:
		return false
	case RTT:
		return st.Percent == 0
	}
	return true
}

// events are those of a rolling restart of so many servers.
func (r Roll) events(servers int, l Line) []Timed {
	var all []Timed
	for n := range servers {
		at := r.From + time.Duration(n)*r.Every
		all = append(
			all, Timed{Event: Event{At: at, Do: "kill", Servers: []int{n + 1}}, Line: l},
			Timed{Event: Event{At: at + r.Down, Do: "start", Servers: []int{n + 1}}, Line: l},
		)
	}
	return all
}
