package script

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/open-nomad/rpcproxy/testutil"
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

// known are the figures of these tests.
var known = []Figure{
	{Name: "refused", Unit: Count, After: true, Until: true},
	{Name: "conns/s/server", Unit: Rate, After: true, Until: true},
	{Name: "outage", Unit: Time, After: true},
	{Name: "outage.p50", Unit: Time, After: true},
	{Name: "out", Unit: Share},
	{Name: "missed", Unit: Share, Beats: true},
	{Name: "imbalance", Unit: Ratio, After: true, Until: true},
	{Name: "moves", Unit: Share, After: true, Until: true},
	{Name: "rounds/s/server", Unit: Rate, After: true},
}

func TestWhatIsReadIsPrintedAndReadAgain(t *testing.T) {
	checkPrints(t, []byte(everything))
}

// checkPrints checks that a scenario, if it is one, reads the same from its canonical text.
func checkPrints(t *testing.T, text []byte) {
	t.Helper()
	s, err := Parse("file", text, known)
	if err != nil {
		e, is := errors.AsType[*SyntaxError](err)
		if !is || e.File != "file" || e.Reason == "" || e.Advice == "" || strings.ContainsAny(err.Error(), "\n\r\x00\x1b") {
			t.Errorf("%T: %v", err, err)
		}
		return
	}
	printed := s.String()
	again, err := Parse("file", []byte(printed), known)
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

// mistakes are texts and what their error says behind the name of the file.
var mistakes = []struct{ text, want string }{
	// Words.
	{"client 5", `1: "client": not known here; write clients`},
	{"KILL 1", `1: "KILL": an event has a time; write at 10s kill`},
	{"# about\n\nat 10s kil 1", `3: "kil": not known here; write kill`},
	{"agents 5", `1: "agents": not known here; write clients`},
	{"at 10s crash 1", `1: "crash": not known here; write kill`},
	{"at 10s Kill 1", `1: "Kill": not known here; write kill`},
	{"keywords 5", `1: "keywords": not known here; write one of clients, nat, servers, rtt, zones, balancer, dns, discovery, heartbeats, ttl, forget, start, warm, for, seed, at, roll, outage, expect`},
	{"at 10s kill 1 now", `1: "now": the line should end before it; leave it out`},
	{"servers 5 handshake 1000/s", `1: "handshake": not known here; write handshakes`},
	{"short shrt", `1: "shrt": not known here; write one of clients, nat`},
	{"at 10s cut 50% clients from 2", `1: "clients": not known here; write of`},
	{"at 10s kill 1\x1b[31m", `1: "1\x1b[31m": not the number of a server; write a number from 1, several as 1, 2, or all`},
	// What is missing.
	{"clients", `1: "clients": something is missing behind it; write how many clients: 1 to 1,000,000`},
	{"at 10s", `1: "10s": something is missing behind it; write one of kill, start, freeze, thaw, hang, unhang, cut, heal, slow, leaderless, led, join, leave, name, unname, minority, dns, discovery`},
	{"expect", `1: "expect": something is missing behind it; write one of `},
	{"expect out =", `1: "=": something is missing behind it; write a number, or the policy to compare with`},
	// Numbers.
	{"clients many", `1: "many": not a whole number; write how many clients: 1 to 1,000,000, such as 10, 10,000 or 100k`},
	{"clients 2M", `1: "2M": out of range; write how many clients: 1 to 1,000,000`},
	{"clients 1,00", `1: "1,00": not a whole number`},
	{"clients 100 as 200", `1: "200": out of range; write how many of them are simulated: 1 to 100`},
	{"clients 5 as 5 as", `1: "as": not known here; write one of shuffle, rendezvous, seat, stock`},
	{"servers 65", `1: "65": out of range; write how many servers: 1 to 64`},
	{"servers 5 handshakes 1000", `1: "1000": a rate has a unit; write 1000/s`},
	{"at 10 kill 1", `1: "10": a time has a unit; write 10s if these are seconds`},
	{"at soon kill 1", `1: "soon": not a time; write one such as 500ms, 40s or 6m`},
	{"at -1s kill 1", `1: "-1s": not a time`},
	{"for 25h", `1: "25h": too long; write at most 24h`},
	{"for 1ms", `1: "1ms": too short; write at least 1s`},
	{"at 1s cut 50 of clients from 1", `1: "50": a share has a unit; write 50%`},
	{"at 1s cut 150% of clients from 1", `1: "150%": out of range; write 1% to 100%`},
	{"at 1s kill 0", `1: "0": there is no such server; the first is 1, and the last one that there can be 64`},
	{"at 1s kill 1, 1", `1: "1": it is in the list twice; leave one out`},
	{"zones 3 rtt 1ms, 2ms, 3ms", `1: "1ms,2ms,3ms": zones are not so far apart: they stand in a circle; write up to 2 times`},
	// Expectations.
	{"expect imbalence <= 1", `1: "imbalence": not known here; write imbalance`},
	{"expect out == 1", `1: "==": not known here; write =`},
	{"expect refused <= stok", `1: "stok": neither a number nor a policy; write stock, or a number`},
	{"expect refused <= lots", `1: "lots": neither a number nor a policy; write a number, or one of shuffle, rendezvous, seat, stock`},
	{"expect outage <= 10", `1: "10": a time has a unit; write 10s if these are seconds`},
	{"expect refused <= stock of stock", `1: "stock": compared with itself; leave it out behind of`},
	{"expect refused <= 5 of everyone", `1: "everyone": not a policy; write one of shuffle, rendezvous, seat, stock`},
	{"expect refused <= 5 within 5%", `1: "within": only behind =; write = in place of <=, or leave it out`},
	{"expect refused <= 5 after 2m before 1m", `1: "1m": before is not later than after; write a time later than 2m`},
	{"expect out <= 5 after 2m", `1: "out": known only for the whole run; leave after out`},
	{"expect outage <= 5s before 2m", `1: "outage": known only up to the end of the run; leave before out`},
	{"expect refused <= 5 after 1m after 2m", `1: "after": not known here; write one of within, before, of`},
	// Contradictions.
	{"servers 5\nat 1s kill 9", `2: "9": there are 5 servers; write a number from 1 to 5`},
	{"for 1m\nat 2m kill 1", `2: "2m": the run is over by then: it ends at 1m; write an earlier time, or a longer run with for`},
	{"for 1m\nroll every 25s down 8s", `2: "1m": the run is over by then`},
	{"for 1m\nexpect refused <= 5 after 1m", `2: "1m": the run is over by then`},
	{"clients 5 seat\nexpect refused <= 5 of shuffle", `2: "shuffle": this policy is not run: clients are seat; write of seat, or clients without a policy`},
	{"clients 5 stock\nexpect refused <= 5", `2: "expect refused <= 5": it is about no policy that is run: clients are stock; write of stock`},
	{"clients 5\nclients 6", `2: "clients": line 1 says that already; leave one of the two out`},
	{"heartbeats none\nexpect missed = 0", `2: "missed": clients send no heartbeats in the run; leave it out, or heartbeats none`},
	{"short clients 5\nshort clients 6", `2: "clients": line 1 says that already`},
	{"rtt 1ms\nservers 5 rtt 2ms", `1: "rtt 1ms": servers say that already; leave one of the two out`},
	{"rtt 1ms for 60% of clients\nrtt 2ms for 60% of clients", `2: "60%": more than all clients`},
	{"zones 3 rtt 1ms\nrtt 1ms", `2: "rtt 1ms": zones say that already`},
	{"warm 20h\nfor 10h", `2: "for 10h": too long with the warm-up; write times that are at most 24h together`},
	{"start over 1h", `1: "start over 1h": the run is over before the last client has started`},
	{"at 1s start 1", `1: "start 1": server 1 is not such that this changes something; write what this ends first, or leave it out`},
	{"at 1s kill 1\nat 2s kill 1", `2: "kill 1": server 1 is not such that this changes something; leave it out: it is so already`},
	{"at 1s unname 1\nat 2s start 1", `2: "start 1": server 1 is not such that this changes something`},
	{"at 1s unname 1\nat 2s freeze 1\nat 3s thaw 1\nat 4s name 1", `4: "name 1": server 1 is not such that this changes something`},
	{"at 1s kill 1\nat 2s freeze 1", `2: "freeze 1": server 1 is not such that this changes something; write start first, or leave it out`},
	{"at 1s leave 1\nat 2s kill 1", `2: "kill 1": server 1 is not such that this changes something; write join first`},
	{"at 1s start all", `1: "start all": there is no server that this changes; leave it out, or write another time`},
	{"at 1s minority\nat 2s minority", `2: "minority": there is no server that this changes`},
	{"at 1s join 2", `1: "join 2": servers that join are those with the highest numbers, and another one is there before; number them so`},
	{"at 1s dns fails", `1: "dns fails": no client asks it; write the line dns, too`},
	{"long for 1m\nshort for 5m\nat 2m kill 1", `3: "2m": the run is over by then: it ends at 1m`},
	// Bounds.
	{"servers 64\nclients 1M", `2: "clients 1000000": too many to be simulated with 64 servers; write clients 1000000 as 125000, or fewer servers`},
	{"servers 64\nclients 1M as 125,001", `2: "clients 1000000 as 125001": too many to be simulated with 64 servers; write clients 1000000 as 125000`},
	{strings.Repeat("#", MaxBytes+1), ` the file is too large; it may have 1 MiB`},
	{strings.Repeat("rtt 1ms for 1% of clients\n", MaxStatements+1), `10001: there are too many statements; a scenario may have 10,000`},
	{"servers 64\nfor 1h\n" + strings.Repeat("roll every 1s down 1s\n", 100), `81: "roll every 1s down 1s": too many events`},
}

func TestMistakesAreNamedWithWhatToWriteInstead(t *testing.T) {
	for _, c := range mistakes {
		_, err := Parse("file", []byte(c.text), known)
		if err == nil || !strings.HasPrefix(err.Error(), "file:"+c.want) {
			t.Errorf("%.100q: %v", c.text, err)
		}
	}
}

// What the servers of a run keep over a restart can be ended after it, and what they do not
// keep cannot: package cluster has the same rules.
func TestEventsEndWhatLastsUntilThen(t *testing.T) {
	for _, c := range []struct {
		first, then string
		fits        bool
	}{
		{"cut 50% of clients from 1", "heal 1", true},
		{"leaderless 1", "led 1", true},
		{"freeze 1", "thaw 1", false},
		{"hang 1", "unhang 1", false},
		{"unname 1", "name 1", false},
	} {
		for _, restart := range []string{"at 2s kill 1\nat 3s start 1\n", "at 2s leave 1\nat 3s join 1\n"} {
			_, err := Parse("file", []byte("at 1s "+c.first+"\n"+restart+"at 4s "+c.then+"\n"), known)
			if (err == nil) != c.fits {
				t.Errorf("%s, %q, %s: %v", c.first, restart, c.then, err)
			}
		}
	}
}

func TestOneStatementOfAKindIsReplacedAndAllEventsAre(t *testing.T) {
	s, err := Parse("file", []byte("clients 100k as 10\nservers 5\nat 1s kill 5\nshort at 2s kill 4\nlong at 3s kill 3\n"), known)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		given string
		short bool
		want  string
	}{
		{"", false, "clients 100000 as 10\nservers 5\nat 1s kill 5\nat 3s kill 3\n"},
		{"clients 7", true, "servers 5\nat 1s kill 5\nat 2s kill 4\nclients 7\n"},
		{"servers 2\nat 1s freeze 2", true, "clients 100000 as 10\nservers 2\nat 1s freeze 2\n"},
	} {
		changed, err := s.With(c.given, c.short)
		if err != nil || changed.String() != c.want {
			t.Errorf("%q: %v\n%v", c.given, err, changed)
		}
	}
	if _, err := s.With("servers 4", false); err == nil || err.Error() != `file:3: "5": there are 4 servers; write a number from 1 to 4` {
		t.Error(err)
	}
}

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, _ error) []error {
		return []error{&SyntaxError{File: text, Line: 1, Word: text, Reason: text, Advice: text}}
	})
}

func Example() {
	s, err := Parse("one.fleet", []byte("servers 3\nat 10s kill 4\n"), known)
	fmt.Println(s, err)
	// Output: <nil> one.fleet:2: "4": there are 3 servers; write a number from 1 to 3
}
