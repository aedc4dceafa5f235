package script

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

func (w *words) clients() Statement {
	c := Clients{Count: w.count("clients", 1, MaxClients)}
	if w.maybe("as") != "" {
		if c.As = w.count("of them are simulated", 1, c.Count); c.As == c.Count {
			c.As = 0
		}
	}
	if w.has() {
		known := Policies
		if c.As == 0 {
			known = append([]string{"as"}, known...)
		}
		c.Policy = w.one(Policies...)
	}
	return c
}

func (c Clients) String() string {
	s := "clients " + strconv.Itoa(c.Count)
	if c.As > 0 {
		s += " as " + strconv.Itoa(c.As)
	}
	return strings.TrimSpace(s + " " + c.Policy)
}

func (w *words) servers() Statement {
	s := Servers{Count: w.count("servers", 1, MaxServers)}
	w.options(map[string]func(){
		"handshakes":  func() { s.Handshakes = w.rate("handshakes", maxRate) },
		"backlog":     func() { s.Backlog = w.count("connections that wait", 1, MaxClients) },
		"connections": func() { s.Connections = w.count("connections", 1, MaxClients) },
		"per-address": func() { s.PerAddress = w.count("connections from one address", 1, MaxClients) },
		"service":     func() { s.Service = w.span(time.Microsecond) },
		"rtt":         func() { s.RTT = w.span(time.Microsecond) },
	}, "handshakes", "backlog", "connections", "per-address", "service", "rtt")
	return s
}

func (s Servers) String() string {
	text := "servers " + strconv.Itoa(s.Count)
	if s.Handshakes > 0 {
		text += " handshakes " + showRate(s.Handshakes)
	}
	if s.Backlog > 0 {
		text += " backlog " + strconv.Itoa(s.Backlog)
	}
	if s.Connections > 0 {
		text += " connections " + strconv.Itoa(s.Connections)
	}
	if s.PerAddress > 0 {
		text += " per-address " + strconv.Itoa(s.PerAddress)
	}
	if s.Service > 0 {
		text += " service " + ShowSpan(s.Service)
	}
	if s.RTT > 0 {
		text += " rtt " + ShowSpan(s.RTT)
	}
	return text
}

// RTT is the round trip time to a server, of all clients or of some.
type RTT struct {
	Time    time.Duration
	Percent int // of the clients; 0: of all that no other line is about
}

func (w *words) rtt() Statement {
	r := RTT{Time: w.span(time.Microsecond)}
	if w.maybe("for") != "" {
		r.Percent = w.percent()
		w.one("of")
		w.one("clients")
	}
	w.end("for")
	return r
}

func (r RTT) String() string {
	if r.Percent == 0 {
		return "rtt " + ShowSpan(r.Time)
	}
	return "rtt " + ShowSpan(r.Time) + " for " + showPercent(r.Percent) + " of clients"
}

// Heartbeats is how many the cluster grants in a second.
type Heartbeats struct {
	Rate int // 0: clients send none during the run
}

func (w *words) heartbeats() Statement {
	if w.maybe("none") != "" {
		return Heartbeats{}
	}
	return Heartbeats{w.rate("heartbeats", maxRate)}
}

func (h Heartbeats) String() string {
	if h.Rate == 0 {
		return "heartbeats none"
	}
	return "heartbeats " + showRate(h.Rate)
}

// directory is something that is asked for servers.
type directory struct {
	Takes   time.Duration // until the answer; 0: what is usual
	Answers int           // that it gives in a second; 0: any number
}

type (
	// DNS has clients know the servers by names, which they resolve for each dial.
	DNS directory
	// Discovery has clients ask Consul for the servers.
	Discovery directory
)

func (w *words) directory() directory {
	var d directory
	w.options(map[string]func(){
		"takes":   func() { d.Takes = w.span(time.Millisecond) },
		"answers": func() { d.Answers = w.rate("queries", maxRate) },
	}, "takes", "answers")
	return d
}

func (d directory) show(text string) string {
	if d.Takes > 0 {
		text += " takes " + ShowSpan(d.Takes)
	}
	if d.Answers > 0 {
		text += " answers " + showRate(d.Answers)
	}
	return text
}

func (d DNS) String() string       { return directory(d).show("dns") }
func (d Discovery) String() string { return directory(d).show("discovery") }

// Zones are zones that clients and servers are in by turns.
type Zones struct {
	Count int
	RTTs  []time.Duration // within one, to the next one, and so on
}

func (w *words) zones() Statement {
	z := Zones{Count: w.count("zones", 2, MaxServers)}
	w.one("rtt")
	for _, item := range w.list("the round trip times within a zone, to the next one and so on, such as 1ms, 20ms") {
		of := &words{file: w.file, line: w.line, left: []string{item}}
		z.RTTs = append(z.RTTs, of.span(time.Microsecond))
		w.err = cmp.Or(w.err, of.err)
	}
	if most := z.Count/2 + 1; len(z.RTTs) > most {
		w.fail(w.last, "zones are not so far apart: they stand in a circle", "write up to "+strconv.Itoa(most)+" times")
	}
	return z
}

func (z Zones) String() string {
	shown := make([]string, len(z.RTTs))
	for i, d := range z.RTTs {
		shown[i] = ShowSpan(d)
	}
	return "zones " + strconv.Itoa(z.Count) + " rtt " + strings.Join(shown, ", ")
}

// Balancer has clients know one address, which leads to the servers that are up by turns.
type Balancer struct{}

func (Balancer) String() string { return "balancer" }

// The settings that are one value.
type (
	NAT       int           // so many clients have one address
	TTL       time.Duration // the least that is granted to a heartbeat
	Forget    time.Duration // heartbeats name a server no longer that is away for so long
	StartOver time.Duration // clients start over this time
	Warm      time.Duration // before the run: what happens then is not counted
	For       time.Duration // the run
	Seed      int
)

func (n NAT) String() string       { return "nat " + strconv.Itoa(int(n)) }
func (f Forget) String() string    { return "forget after " + ShowSpan(time.Duration(f)) }
func (t TTL) String() string       { return "ttl " + ShowSpan(time.Duration(t)) }
func (s StartOver) String() string { return "start over " + ShowSpan(time.Duration(s)) }
func (w Warm) String() string      { return "warm " + ShowSpan(time.Duration(w)) }
func (f For) String() string       { return "for " + ShowSpan(time.Duration(f)) }
func (s Seed) String() string      { return "seed " + strconv.Itoa(int(s)) }

func showPercent(n int) string { return strconv.Itoa(n) + "%" }

func showRate(n int) string { return strconv.Itoa(n) + "/s" }
