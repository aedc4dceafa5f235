package script

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/state"
)

// check finds what contradicts itself.
func (s *Script) check(p *Plan, lines []Line) error {
	at := map[string]Line{}
	for _, l := range lines {
		at[l.keyword()] = l
	}
	if most := MaxLinks / p.Servers.Count; cmp.Or(p.Clients.As, p.Clients.Count) > most {
		l := at["clients"]
		as := strconv.Itoa(p.Clients.Count) + " as " + strconv.Itoa(most)
		return s.fail(l, l.Text(), "too many to be simulated with "+strconv.Itoa(p.Servers.Count)+" servers", "write clients "+as+", or fewer servers")
	}
	warm := DefaultWarm
	if p.Warm != nil {
		warm = time.Duration(*p.Warm)
	}
	if warm+p.For > MaxTime {
		l := at["for"]
		if _, has := at["for"]; !has {
			l = at["warm"]
		}
		return s.fail(l, l.Text(), "too long with the warm-up", "write times that are at most "+ShowSpan(MaxTime)+" together")
	}
	if p.Start != nil && time.Duration(*p.Start) > warm+p.For {
		l := at["start"]
		return s.fail(l, l.Text(), "the run is over before the last client has started", "write a longer run, or a shorter start")
	}
	if err := s.checkRTTs(p, lines); err != nil {
		return err
	}
	if err := s.checkEvents(p); err != nil {
		return err
	}
	return s.checkExpect(p)
}

func (s *Script) checkRTTs(p *Plan, lines []Line) error {
	sum := 0
	for _, l := range lines {
		if servers, is := l.Statement.(Servers); is && servers.RTT > 0 && p.Zones != nil {
			return s.fail(l, "rtt", "zones say that already", "leave one of the two out")
		}
		if r, is := l.Statement.(RTT); is {
			if r.Percent == 0 && p.Servers.RTT > 0 {
				return s.fail(l, l.Text(), "servers say that already", "leave one of the two out")
			}
			if p.Zones != nil {
				return s.fail(l, l.Text(), "zones say that already", "leave one of the two out")
			}
			if sum += r.Percent; sum > 100 {
				return s.fail(l, showPercent(r.Percent), "more than all clients", "write shares that are at most 100% together")
			}
		}
	}
	return nil
}

// server is what is known of one at a time.
type server struct {
	state.Server
	cut bool
}

// checkEvents follows the servers through the events.
func (s *Script) checkEvents(p *Plan) error {
	states := slices.Repeat([]server{{Server: state.Started()}}, p.Servers.Count)
	p.Present = p.Servers.Count
	if err := s.checkJoins(p, states); err != nil {
		return err
	}
	for i, e := range p.Events {
		word := e.Text()
		if e.At >= p.For {
			return s.fail(e.Line, ShowSpan(e.At), "the run is over by then: it ends at "+ShowSpan(p.For), "write an earlier time, or a longer run with for")
		}
		if dir, is := p.asked(e.Do); is {
			if dir != "" {
				return s.fail(e.Line, word, "no client asks it", "write the line "+dir+", too")
			}
			continue
		}
		for _, n := range e.Servers {
			if n > len(states) {
				return s.fail(e.Line, strconv.Itoa(n), "there are "+strconv.Itoa(len(states))+" servers", "write a number from 1 to "+strconv.Itoa(len(states)))
			}
			if !states[n-1].apply(e.Do) {
				return s.fail(e.Line, word, "server "+strconv.Itoa(n)+" is not such that this changes something", states[n-1].advice(e.Do))
			}
		}
		p.Events[i].On = e.Servers
		switch {
		case e.Do == "minority":
			p.Events[i].On = minority(states)
		case e.Servers == nil:
			for n := range states {
				if states[n].apply(e.Do) {
					p.Events[i].On = append(p.Events[i].On, n+1)
				}
			}
		}
		if p.Events[i].On == nil {
			return s.fail(e.Line, word, "there is no server that this changes", "leave it out, or write another time")
		}
	}
	return nil
}

// minority has the last servers die until the others are no majority.
func minority(states []server) []int {
	members, up := 0, 0
	for _, s := range states {
		if s.Member {
			members++
		}
		if s.Up {
			up++
		}
	}
	var died []int
	for n := len(states) - 1; n >= 0 && 2*up > members; n-- {
		if s := &states[n]; s.Up {
			s.apply("kill")
			died = append(died, n+1)
			up--
		}
	}
	return died
}

// asked reports whether an event is about what clients ask for servers, and the statement
// without which they do not.
func (p *Plan) asked(do string) (missing string, is bool) {
	switch do {
	case "dns fails", "dns answers":
		if p.DNS == nil {
			return "dns", true
		}
	case "discovery fails", "discovery answers":
		if p.Discovery == nil {
			return "discovery", true
		}
	default:
		return "", false
	}
	return "", true
}

// checkJoins finds the servers that join: they are not there at the beginning.
func (s *Script) checkJoins(p *Plan, states []server) error {
	seen := make([]bool, len(states))
	for _, e := range p.Events {
		for _, n := range e.Servers {
			if n > len(states) || seen[n-1] {
				continue
			}
			seen[n-1] = true
			if e.Do == "join" {
				states[n-1] = server{}
			}
		}
	}
	for p.Present > 0 && !states[p.Present-1].Member {
		p.Present--
	}
	for _, e := range p.Events {
		if e.Do == "join" && (p.Present == 0 || slices.ContainsFunc(e.Servers, func(n int) bool { return n <= p.Present && !states[n-1].Member })) {
			return s.fail(e.Line, e.Text(), "servers that join are those with the highest numbers, and another one is there before", "number them so")
		}
	}
	return nil
}

// apply does what an event does, and reports whether it changes anything.
func (s *server) apply(do string) bool {
	if !s.Member && do != "join" && do != "heal" {
		return false
	}
	before := *s
	switch do {
	case "kill":
		s.Kill()
	case "start":
		if s.Up && !s.Frozen && !s.Hung {
			return false
		}
		s.Start()
	case "freeze":
		s.Freeze()
	case "thaw":
		s.Thaw()
	case "hang", "unhang":
		s.Hang(do == "hang")
	case "cut": // another share of the clients each time
		s.cut = true
		return true
	case "heal":
		s.cut = false
	case "slow":
		return true
	case "leaderless", "led":
		s.Leaderless = do == "leaderless"
	case "unname", "name":
		s.Named = do == "name"
	case "join":
		if s.Member {
			return false
		}
		s.Start()
	case "leave":
		s.Leave()
	}
	return *s != before
}

// advice is what to do about an event that changes nothing.
func (s *server) advice(do string) string {
	switch {
	case !s.Member:
		return "write join first"
	case do == "start" || do == "thaw" || do == "unhang" || do == "heal" || do == "led" || do == "name" || do == "join":
		return "write what this ends first, or leave it out"
	case !s.Up && do != "kill":
		return "write start first, or leave it out"
	}
	return "leave it out: it is so already"
}

// checkExpect finds expectations that are about nothing.
func (s *Script) checkExpect(p *Plan) error {
	for _, e := range p.Expect {
		if h := p.Heartbeats; e.Figure.Beats && h != nil && h.Rate == 0 {
			return s.fail(e.Line, e.Figure.Name, "clients send no heartbeats in the run", "leave it out, or heartbeats none")
		}
		for _, of := range e.Of {
			if p.Clients.Policy != "" && p.Clients.Policy != of {
				return s.fail(e.Line, of, "this policy is not run: clients are "+p.Clients.Policy, "write of "+p.Clients.Policy+", or clients without a policy")
			}
		}
		if p.Clients.Policy != "" && !e.About(p.Clients.Policy) {
			return s.fail(e.Line, e.Expect.String(), "it is about no policy that is run: clients are "+p.Clients.Policy, "write of "+p.Clients.Policy)
		}
		for _, at := range []time.Duration{e.After, e.Before} {
			if at >= p.For && at > 0 && (at == e.After || at > p.For) {
				return s.fail(e.Line, ShowSpan(at), "the run is over by then: it ends at "+ShowSpan(p.For), "write an earlier time, or a longer run with for")
			}
		}
	}
	return nil
}
