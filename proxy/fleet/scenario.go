package fleet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/script"
)

// Scenario is a fleet, what happens to it, and what must come out. Its text is described
// at [Parse].
type Scenario struct {
	Name     string
	About    string // what it is for; a few lines
	Config   Config // Policy and Seed are chosen by Compare
	Policies []Policy
	Marks    []Mark // by time
	Expect   []Expectation

	script *script.Script
	short  bool
}

// Mark is an event of a scenario.
type Mark struct {
	At   time.Duration // since the run began
	Text string

	line int
}

// Expectation says what a figure of a run must be.
type Expectation struct {
	Text string // as the scenario has it
	Line int    // where
	script.Expect
}

// SyntaxError is a place in a scenario that is wrong, and what to write instead. Its text
// is one printable line.
type SyntaxError = script.SyntaxError

// Parse reads a scenario. name is its name, or that of its file, as errors and reports give
// it. Every error is a [*SyntaxError].
//
// A scenario has one statement a line; what follows # is a comment, and the first comment
// says what the scenario is for. Numbers are such as 10000, 10,000, 100k, 50% and 1000/s,
// times such as 500ms, 40s and 6m; servers are numbers from 1, several with commas, or all.
//
//	clients 100k as 1000            # of which 1,000 are simulated, as a sample
//	servers 5 handshakes 1000/s rtt 1ms
//	discovery
//	start over 6m
//	warm 15m                        # what happens before the run is not counted
//	for 5m
//	at 10s kill 1
//	at 40s start 1
//	expect outage <= 10s
//	expect refused <= stock         # no more than the same run with stock clients has
//	expect imbalance <= 1.5 after 60s of shuffle, seat
//
// Events are kill, start, freeze, thaw, hang (pings are answered), unhang, cut 50% of clients
// from 2, heal, slow 2 500ms, leaderless, led, join, leave, name, unname, minority, dns fails,
// dns answers, discovery fails and discovery answers. The lines "roll every 25s down 8s" and
// "outage 60s" stand for several; they may end with a time, such as "from 1m". More of the
// fleet is set by zones 3 rtt 1ms, 20ms; rtt 40ms for 20% of clients; balancer; dns;
// heartbeats 50/s; ttl 10s; forget after 30s; nat 100. The whole grammar is in
// internal/script/doc.go.
//
// A line that begins with short counts only in the short form of the scenario, one that
// begins with long only in the other.
//
// A scenario has at most 1 MiB of text, 10,000 statements and events, 1,000,000 clients, 64
// servers, 8,000,000 simulated clients by servers, and 24 hours with the warm-up.
func Parse(name string, text []byte) (*Scenario, error) {
	s, err := script.Parse(name, text, vocabulary)
	if err != nil {
		return nil, err
	}
	return scenarioOf(name, s, false)
}

// scenarioOf is a form of a scenario.
func scenarioOf(name string, text *script.Script, short bool) (*Scenario, error) {
	p, err := text.Plan(short)
	if err != nil {
		return nil, err
	}
	s := &Scenario{Name: name, About: text.About, Config: configOf(p), script: text, short: short}
	for q := Shuffle; q < Stock; q++ {
		s.Policies = append(s.Policies, q)
	}
	if only, is := policyOf(p.Clients.Policy); is {
		s.Policies = []Policy{only}
	}
	for _, e := range p.Events {
		s.Marks = append(s.Marks, Mark{At: e.At, Text: e.Text(), line: e.Line.Number})
	}
	for _, e := range p.Expect {
		s.Expect = append(s.Expect, Expectation{Text: e.Expect.String(), Line: e.Line.Number, Expect: e.Expect})
	}
	return s, nil
}

// Short is the short form of the scenario.
func (s *Scenario) Short() *Scenario {
	short, err := scenarioOf(s.Name, s.script, true)
	if err != nil {
		panic(fmt.Sprintf("fleet: the form was checked by Parse: %v", err))
	}
	return short
}

// With is the scenario with other statements in place of its own of the same kind, such as
// "clients 1000". The error is a [*SyntaxError]: the statements are wrong, or contradict
// what stays.
func (s *Scenario) With(statements ...string) (*Scenario, error) {
	changed, err := s.script.With(strings.Join(statements, "\n"), s.short)
	if err != nil {
		return nil, err
	}
	return scenarioOf(s.Name, changed, s.short)
}

// String is the canonical text of the scenario, with both of its forms.
func (s *Scenario) String() string { return s.script.String() }

// compared are the policies with which expectations compare what is run.
func (s *Scenario) compared(run []Policy) []Policy {
	var all []Policy
	for _, e := range s.Expect {
		p, is := policyOf(e.Value.Policy)
		if is && slices.ContainsFunc(run, func(q Policy) bool { return e.Expect.About(q.String()) }) {
			all = append(all, p)
		}
	}
	return all
}
