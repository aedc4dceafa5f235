package doctor

import (
	"fmt"
	"strings"
	"time"
)

// Expectations are what is asked of servers.
type Expectations struct {
	Region string
	Token  bool // there is one
	TLS    bool
	Shows  bool // a certificate of this side
	Limits Limits
}

// Judge makes a report of an observation. It is pure. The rows are in the order of the
// servers; behind them stand the servers that only others know, and this side.
func Judge(o *Observation, e Expectations) *Report {
	j := &judge{o: o, e: e}
	j.confer()
	r := &Report{}
	for i := range o.Servers {
		r.Servers = append(r.Servers, j.server(&o.Servers[i]))
	}
	r.Servers = append(r.Servers, j.others()...)
	if row, any := j.ours(); any {
		r.Servers = append(r.Servers, row)
	}
	r.OK = r.Findings() == 0
	return r
}

// judge makes one report.
type judge struct {
	o *Observation
	e Expectations
	opinions
}

// server is the row of one server: layer by layer up to the one that does not work, and
// then all that can be said of a server that answers.
func (j *judge) server(s *Seen) Row {
	row := Row{Server: s.Server, Given: true, Findings: []Finding{}}
	if !j.name(&row, s) || !j.tcp(&row, s) || !j.session(&row, s) {
		return row
	}
	if s.RTT > j.e.Limits.Slow {
		row.bad("ping", "look for load on the server, and for loss or a detour on the way", "a round trip takes %s at best", brief(s.RTT))
	} else {
		row.good("ping", "%s", brief(s.RTT))
	}
	if s.Answers != nil {
		j.answers(&row, s)
	}
	j.clock(&row, s.Clock)
	return row
}

func (j *judge) name(row *Row, s *Seen) bool {
	const fix = "correct the name, or what this machine asks for names"
	switch s.Lookup.Kind {
	case NoSuchName:
		row.bad("dns", fix, "there is no such name")
	case LookupLate:
		row.bad("dns", "look at the name servers of this machine", "the name servers do not answer")
	case LookupFailed:
		row.bad("dns", fix, "the name cannot be resolved: %s", s.Lookup.Text)
	default:
		if len(s.Routes) > 1 {
			row.good("dns", "%d addresses", len(s.Routes))
		} else {
			row.good("dns", "ok")
		}
		return true
	}
	return false
}

func (j *judge) tcp(row *Row, s *Seen) bool {
	var failed []Route
	var took time.Duration
	for _, r := range s.Routes {
		if r.Fault.Kind != None {
			failed = append(failed, r)
		} else if took == 0 || r.Took < took {
			took = r.Took
		}
	}
	if len(failed) == 0 || len(failed) < len(s.Routes) {
		row.good("tcp", "%s", brief(took))
	}
	for _, r := range failed {
		what, fix := connecting(r)
		if !s.Literal {
			what = r.Addr + ": " + what
		}
		if len(failed) < len(s.Routes) {
			fix = "take that address out of DNS, or " + fix
		}
		row.bad("tcp", fix, "%s", what)
	}
	return len(failed) < len(s.Routes)
}

// connecting is what is wrong with an address to which nothing connects.
func connecting(r Route) (what, fix string) {
	port := r.Addr[strings.LastIndexByte(r.Addr, ':')+1:]
	switch r.Fault.Kind {
	case Refused:
		return "connection refused: nothing listens there", "start the server, or correct the address"
	case ConnectLate:
		return "no answer to a connection attempt", "see that the machine runs, and that firewalls let TCP port " + port + " through"
	}
	return "cannot connect: " + r.Fault.Text, "look at the route to that address"
}

// session judges the first bytes, TLS, yamux and Status.Ping.
func (j *judge) session(row *Row, s *Seen) bool {
	if s.Ping.Kind == None {
		j.tls(row, s)
		return true
	}
	switch s.Ping.Kind {
	case WrongPort:
		j.wrongPort(row, s.Ping)
	case LimitReached:
		row.bad("rpc", "close connections of this machine to it, or raise limits.rpc_max_conns_per_client there",
			"it hangs up before anything is sent: it has as many connections of this address as it allows (100 by default)")
	case HungUp, HandshakeElse:
		row.bad("rpc", "see that this is the RPC port of a server (4647 by default), and look at its log", "it hangs up at the first bytes: %s", s.Ping.Text)
	case Frozen:
		row.bad("rpc", "look at that machine: the process may be stopped, or have far too much to do", "it takes connections and says nothing")
	case NotYamux:
		j.tls(row, s)
		row.bad("yamux", "see that a Nomad server listens there, and nothing between changes the bytes", "%s", s.Ping.Text)
	case PingSilent:
		j.tls(row, s)
		row.bad("ping", "look at the server's log, and restart it", "yamux answers, and Status.Ping does not: the server hangs")
	case PingFailed:
		j.tls(row, s)
		row.bad("ping", "look at the server's log", "Status.Ping fails: %s", s.Ping.Text)
	case Refused, ConnectLate, ConnectFailed:
		what, fix := connecting(Route{Addr: s.Server, Fault: s.Ping})
		row.bad("tcp", fix, "at a second connection: %s", what)
	default:
		j.untrusted(row, s)
	}
	return false
}

func (j *judge) wrongPort(row *Row, f Fault) {
	const fix = "use the port for RPC, 4647 by default"
	switch {
	case strings.Contains(f.Speaks, "HTTP") && !strings.Contains(f.Speaks, "TLS"):
		row.bad("rpc", fix, "this is the HTTP port")
	case strings.Contains(f.Speaks, "gossip"):
		row.bad("rpc", fix, "this is the port for gossip (Serf)")
	case f.Speaks != "":
		row.bad("rpc", fix, "this is no RPC port: it speaks %s", f.Speaks)
	default:
		row.bad("rpc", fix, "this is no RPC port of a Nomad server")
	}
}

// clock judges the clock. One that is not known is no finding: the HTTP API is often closed.
func (j *judge) clock(row *Row, c *Clock) {
	const fix = "set the clocks of both machines by NTP: certificates and tokens are judged by them"
	switch {
	case c == nil:
	case c.AtLeast > j.e.Limits.Clock:
		row.bad("clock", fix, "its clock is %s ahead of the one here", c.AtLeast.Round(time.Second))
	case c.AtMost < -j.e.Limits.Clock:
		row.bad("clock", fix, "its clock is %s behind the one here", (-c.AtMost).Round(time.Second))
	default:
		row.good("clock", "ok")
	}
}

// brief is a duration in milliseconds.
func brief(d time.Duration) string {
	ms := float64(d.Microseconds()) / 1000
	if ms < 10 {
		return fmt.Sprintf("%.1fms", ms)
	}
	return fmt.Sprintf("%.0fms", ms)
}
