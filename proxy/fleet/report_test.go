package fleet

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// figure is one of a report's, which must be there.
func figure(t *testing.T, r *Report, name string, after time.Duration) float64 {
	t.Helper()
	v, known := r.Figure(name, after)
	if !known || math.IsNaN(v) || math.IsInf(v, 0) {
		t.Errorf("%s: %v, %t", name, v, known)
	}
	return v
}

// A minute of ten calls a second; from 30 s to 40 s each is sent five times, and in the
// last ten seconds none begins, but what began before is sent 200 times.
func TestRetriesAreTheAttemptsOfACall(t *testing.T) {
	t.Parallel()
	c := newWorld(Config{Agents: 1, For: time.Minute})
	for second := range 60 {
		c.until(time.Duration(second) * time.Second)
		calls, each := 10, 1
		switch {
		case second >= 50:
			calls = 0
		case second >= 30 && second < 40:
			each = 5
		}
		for range calls {
			c.noteCall()
			for range each {
				c.noteAttempt()
			}
		}
	}
	r := c.Report()
	check(t, "overall", r.Amplification, float64(400+500)/500)
	check(t, "worst", r.WorstTen, 5)
	check(t, "worst after that", figure(t, r, "amplification.worst", 40*time.Second), 1)
	check(t, "after that", figure(t, r, "amplification", 40*time.Second), 1)
	for range 200 {
		c.noteAttempt()
	}
	r = c.Report() // 83.3 calls begin in 10 s on average
	check(t, "where no call begins", figure(t, r, "amplification.worst", 50*time.Second), 200/(float64(500)*10/60))
}

func TestFiguresAreThoseFromATimeOn(t *testing.T) {
	t.Parallel()
	c := newWorld(Config{Agents: 1000, Servers: 2, For: time.Minute, RTT: time.Millisecond})
	spread := func(at time.Duration, first int) {
		c.until(at)
		c.servers[0].active, c.servers[1].active = first, 100-first
		c.sample()
	}
	spread(0, 50)
	c.dial(0, 0, 100)
	spread(10*time.Second, 90)
	c.Kill(1)
	c.dial(1, 100, 400)
	c.agents[7].outSince = c.now
	spread(12*time.Second, 90)
	c.back(&c.agents[7])
	c.agents[7].outSince = c.now
	c.Begin(1)
	c.dial(0, 400, 420)
	c.until(20 * time.Second)
	c.back(&c.agents[7])
	c.agents[7].outSince = c.now
	spread(30*time.Second, 60)

	r := c.Report()
	for _, of := range []struct {
		name  string
		after time.Duration
		want  float64
	}{
		{"refused", 0, 300},
		{"refused", 11 * time.Second, 0},
		{"failed", 10 * time.Second, 300},
		{"failed/s/server", 0, 300},
		{"dials", 0, 120},
		{"dials", time.Second, 20},
		{"conns/s/server", 0, 100},
		{"conns/100ms/server", time.Second, 20},
		{"conns/10s/server", 20 * time.Second, 0},
		{"imbalance", 0, 1.8},
		{"imbalance", 20 * time.Second, 1.2},
		{"imbalance.end", 0, 1.2},
		{"even.from", 0, 12},
		{"outage", 0, 8}, // from 12 s to 20 s; the other one took 2 s
		{"outage.p50", 0, 8},
		{"outage.mean", 0, 5},
		{"outage", 13 * time.Second, 0},
		{"outages", 11 * time.Second, 1},
		{"out", 0, 1},
	} {
		check(t, of.name+" after "+of.after.String(), figure(t, r, of.name, of.after), of.want)
	}
	for _, name := range Figures() {
		figure(t, r, name, 0)
		figure(t, r, name, time.Hour)
		figure(t, New(Config{Agents: 1}).Report(), name, time.Second)
	}
	if _, known := r.Figure("speed", 0); known {
		t.Error("speed is known")
	}

	s := c.Series()
	check(t, "step", s.Step, time.Second)
	check(t, "servers that are up", s.Up[1], 2)
	check(t, "active", s.Active[0][1], 90)
	check(t, "dials", s.Dials[0][0], 100)
}

func TestAReportAsJSONHasSecondsAndNamesOfOneKind(t *testing.T) {
	t.Parallel()
	r := &Report{EvenFrom: Duration(1500 * time.Millisecond), Outage: Times{Max: Duration(2 * time.Microsecond)}}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"even_from":1.5`, `"outage":{"count":0,"mean":0,"p50":0,"p90":0,"p99":0,"max":0.000002}`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	for _, of := range []any{*r, r.Outage, r.Conns} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(of)) {
			tag := field.Tag.Get("json")
			if field.IsExported() && (tag == "" || tag != strings.ToLower(tag)) {
				t.Errorf("%s: %q", field.Name, tag)
			}
		}
	}
}
