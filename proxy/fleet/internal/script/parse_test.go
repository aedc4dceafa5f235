package script

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everything has each statement and each option.
const everything = `
# One of each.
#
# With a second paragraph.

clients 100,000 as 1000   # a comment
short clients 10k as 500
servers 7 handshakes 1000/s backlog 128 connections 20k per-address 100 service 2ms
long rtt 1.5ms
long rtt 40ms for 20% of clients
dns takes 20ms answers 500/s
discovery takes 50ms
nat 10
balancer
forget after 30s
short zones 3 rtt 1ms, 20ms
heartbeats 50/s
ttl 10s
start over 6m0s
warm 15m
for 10m
short for 9m
seed 7
at 10s kill 1 , 2
at 20s start all
at 21s freeze 1
at 22s thaw 1
at 23s hang 2
at 24s unhang 2
at 25s cut 50% of clients from 3
at 26s heal 3
at 27s slow 3 500ms
at 28s slow 3 0s
at 29s leaderless 4
at 30s led 4
at 31s join 7
at 32s leave 6
at 33s unname 5
at 34s name 5
at 35s dns fails
at 36s dns answers
at 35s discovery fails
at 36s discovery answers
at 9m minority
roll every 25s down 8s from 60s
long outage 60s from 4m
outage 5s from 5m
expect refused <= stock
expect imbalance <= 1.5 after 60s before 5m of shuffle,seat
expect conns/s/server <= 64/s
expect out = 0
expect outage.p50 < 1m5s
expect moves <= 12.5% of rendezvous
expect rounds/s/server = 13.33 within 5%
short expect missed > 1.5k
`

func TestWhatIsReadIsPrintedAndReadAgain(t *testing.T) {
	checkPrints(t, []byte(everything))
}

// checkPrints checks that a scenario, if it is one, reads the same from its canonical text.
func checkPrints(t *testing.T, text []byte) {
	t.Helper()
	s, err := Parse("file", text)
	if err != nil {
		e, is := errors.AsType[*SyntaxError](err)
		if !is || e.File != "file" || e.Reason == "" || e.Advice == "" || strings.ContainsAny(err.Error(), "\n\r\x00\x1b") {
			t.Errorf("%T: %v", err, err)
		}
		return
	}
	printed := s.String()
	again, err := Parse("file", []byte(printed))
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	for _, x := range []*Script{s, again} {
		for i := range x.Lines {
			x.Lines[i].Number = 0
		}
	}
	if !reflect.DeepEqual(s, again) || again.String() != printed {
		t.Errorf("%q\nis printed as\n%q\nand then\n%q", text, printed, again)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(everything))
	for _, c := range mistakes {
		f.Add([]byte(c.text))
	}
	f.Fuzz(checkPrints)
}

// mistakes are texts and what their error says.
var mistakes = []struct{ text, want string }{
	{"client 5", `file:1: "client": not known here; write clients`},
	{"\n\nat 10s kil 1", `file:3: "kil": not known here; write kill`},
	{"at 10 kill 1", `file:1: "10": a time has a unit; write 10s if these are seconds`},
}

func TestMistakesAreNamedWithWhatToWriteInstead(t *testing.T) {
	for _, c := range mistakes {
		_, err := Parse("file", []byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}
