package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The table of some faults, met by all kinds of agents.
func Example() {
	_ = table(os.Stdout, []row{
		{fault: faultBlackHole, client: clientOurs, n: 12, p50: time.Second, p90: 1300 * time.Millisecond, most: 2 * time.Second, again: 3, gap: 21 * time.Second},
		{fault: faultBlackHole, client: clientSidecar, n: 11, p50: time.Second, p90: time.Second, most: time.Second, gap: 20 * time.Second},
		{fault: faultRoll, client: clientStock, n: 12, most: 30 * time.Second, failed: 9, missed: 4, loads: [][]int{{10, 2, 0}}},
		{fault: faultRebalance, client: clientOurs, n: 12, back: &back{moves: 20, calls: 900, failed: 2, noPath: 1, follows: 13, cut: 1, sessions: 3}},
	}) // standard output takes it
	// Output:
	// | fault | client | n | late p50 / p90 / max | late again | longest gap | failed calls | missed | agents per server afterwards | the way back |
	// | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
	// | black-hole | ours | 12 | 1.00 / 1.30 / 2.00 s | 3 | 21.0 s | 0 | 0 |  |  |
	// | black-hole | sidecar | 11 | 1.00 / 1.00 / 1.00 s | 0 | 20.0 s | 0 | 0 |  |  |
	// | roll | stock | 12 | 0 / 0 / 30.0 s | 0 | 0.0 s | 9 | 4 | 10/2/0 (!) |  |
	// | rebalance | ours | 12 | 0 / 0 / 0 s | 0 | 0.0 s | 0 | 0 |  | 20 moves; calls failed 2 of 900, without a session 1; follows cut 1 of 13; sessions at most 3 |
}

func TestFiguresNameTheirAgentUnlessItIsOurs(t *testing.T) {
	var out strings.Builder
	rows := []row{
		{fault: faultSIGKILL, client: clientOurs, n: 2, p50: 1234567 * time.Microsecond, gap: 3 * time.Second},
		{fault: faultRoll, client: clientStock, n: 1, failed: 3, missed: 1, loads: [][]int{{1, 0, 0}}},
		{fault: faultRebalance, client: clientOurs, n: 1, back: &back{moves: 2, calls: 9, failed: 1, follows: 1, sessions: 2}},
	}
	if err := lines(&out, rows); err != nil {
		t.Fatal(err)
	}
	want := `{"fault":"sigkill","n":2,"late_p50_s":1.235,"late_p90_s":0,"late_max_s":0,"gap_max_s":3,"missed":0}
{"fault":"roll","client":"stock","n":1,"late_p50_s":0,"late_p90_s":0,"late_max_s":0,"gap_max_s":0,"failed":3,"missed":1,"per_server":[[1,0,0]]}
{"fault":"rebalance","n":1,"late_p50_s":0,"late_p90_s":0,"late_max_s":0,"gap_max_s":0,"missed":0,"way_back":{"moves":2,"calls":9,"calls_failed":1,"without_session":0,"follows":1,"follows_cut":0,"sessions_max":2}}
`
	if out.String() != want {
		t.Errorf("is\n%swant\n%s", out.String(), want)
	}
}

func TestShortOptionsGiveWayToThoseGiven(t *testing.T) {
	o, err := parseOptions([]string{"-short", "-agents", "5"}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if o.agents != 5 || o.repeat != 1 || o.ttlMax != 3*time.Second || o.drain != 4*time.Second || strings.Join(o.faults, " ") != strings.Join(shortFaults, " ") {
		t.Errorf("are %+v", o)
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	for flag, value := range map[string]string{
		"-faults": "black-hole,earthquake", "-clients": "ours,theirs", "-repeat": "0", "-agents": "0", "-ttl-max": "1s", "-grace": "0s", "-drain": "-1s",
	} {
		if _, err := parseOptions([]string{flag, value}, os.Stderr); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s %s: %v", flag, value, err)
		}
	}
}

func TestKindsOfClientsAreChosen(t *testing.T) {
	o, err := parseOptions(nil, os.Stderr)
	if err != nil || !slices.Equal(o.clients, clientKinds) {
		t.Errorf("without a choice: %+v, %v", o, err)
	}
	o, err = parseOptions([]string{"-clients", "stock,ours"}, os.Stderr)
	if err != nil || !slices.Equal(o.clients, []string{clientStock, clientOurs}) || slices.ContainsFunc(o.faults, ofSidecar) ||
		len(o.faults) != len(faultNames)-len(sidecarFaults) {
		t.Errorf("without sidecars: %+v, %v", o, err)
	}
	o, err = parseOptions([]string{"-clients", "sidecar", "-faults", faultSidecarFreeze}, os.Stderr)
	if err != nil || !slices.Equal(o.faults, []string{faultSidecarFreeze}) {
		t.Errorf("sidecars alone: %+v, %v", o, err)
	}
	for clients, flag := range map[string]string{"": "-clients", "ours,ours": "-clients", "ours": "-faults"} {
		_, err := parseOptions([]string{"-clients", clients, "-faults", faultSidecarFreeze}, os.Stderr)
		if err == nil || !strings.HasPrefix(err.Error(), flag) {
			t.Errorf("%q: %v, want one about %s", clients, err, flag)
		}
	}
}

func TestEveryFaultNamedIsKnown(t *testing.T) {
	o, err := parseOptions(nil, os.Stderr)
	if err != nil || len(o.faults) != len(faultNames) {
		t.Fatalf("%+v, %v", o, err)
	}
	for _, name := range o.faults {
		if o, err := parseOptions([]string{"-faults", name}, os.Stderr); err != nil || len(o.faults) != 1 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}
