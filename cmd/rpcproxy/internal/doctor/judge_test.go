package doctor

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// everything is an observation with a text in each place that outsiders can fill.
func everything(text string) *Observation {
	now := time.Unix(1_800_000_000, 0)
	cert := Certificate{Owner: "the CA", Subject: text, Issuer: text, Names: []string{text}, End: now.Add(time.Hour)}
	o := &Observation{At: now, Ours: []Certificate{cert}, Advertised: map[string]Fault{text + ":1": {Kind: CallFailed, Text: text}, text: {Kind: CallFailed, Text: text}}}
	for kind := range CallFailed + 2 {
		f := Fault{Kind: kind, Text: text, Speaks: text, Wanted: text, Offered: []string{text, "server." + text + ".nomad"}, Shown: text}
		base := Seen{Server: "10.0.0.1:4647", Routes: []Route{{Addr: text}}, Proof: &TLS{Certs: []Certificate{cert}}}
		name, route, ping, calls := base, base, base, base
		name.Lookup = f
		route.Routes = []Route{{Addr: text, Fault: f}}
		ping.Ping = f
		calls.Answers = &Answers{
			Leader: text, LeaderFault: f, Peers: []string{text}, PeersFault: f, MembersFault: f, Name: text, Region: text,
			Members: []Member{{Name: text, Build: text, Advertises: text + ":1"}, {Name: "x", Status: text, Build: text, Advertises: text}},
		}
		good := calls
		good.Answers = &Answers{Leader: text + "x", Peers: []string{text + "x"}, Name: "x", Region: text, Members: []Member{{Name: "x", Build: text + "x"}}}
		o.Servers = append(o.Servers, name, route, ping, calls, good)
	}
	return o
}

func TestNothingOfAServerReachesTheTerminalAsItIs(t *testing.T) {
	for _, text := range testutil.HostileTexts() {
		text = text[:min(len(text), 2000)]
		for _, e := range []Expectations{{Region: text, TLS: true}, {Token: true, TLS: true, Shows: true, Limits: Limits{Expiry: 2 * time.Hour}}} {
			r := Judge(everything(text), e)
			var b strings.Builder
			if err := r.Text(&b); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				testutil.CheckShown(t, "the report", strings.TrimSuffix(line, "\n"))
			}
		}
	}
}

func TestEveryFaultOfASessionIsAFinding(t *testing.T) {
	for kind := None + 1; kind <= CallFailed; kind++ {
		o := &Observation{Servers: []Seen{{Server: "a:1", Routes: []Route{{Addr: "a:1"}}, Ping: Fault{Kind: kind}}}}
		if r := Judge(o, Expectations{}); r.OK || r.Servers[0].Findings[0].Fix == "" {
			t.Errorf("kind %d: %+v", kind, r)
		}
	}
}

func TestTheReportForProgramsHasAListWhereNothingIsFound(t *testing.T) {
	o := &Observation{Servers: []Seen{{Server: "10.0.0.1:4647", Literal: true, Routes: []Route{{Addr: "10.0.0.1:4647", Took: time.Millisecond}}, RTT: time.Millisecond}}}
	text, err := json.Marshal(Judge(o, Expectations{Limits: Limits{Slow: time.Second}}))
	want := `{"ok":true,"servers":[{"server":"10.0.0.1:4647","given":true,"checks":[{"layer":"dns","ok":true,"text":"ok"},` +
		`{"layer":"tcp","ok":true,"text":"1.0ms"},{"layer":"ping","ok":true,"text":"1.0ms"}],"findings":[]}]}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v\nwant %s", text, err, want)
	}
}
