package main

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"
)

// harmless is the seed of a plan whose first two faults, a slow server and one that
// refuses connections, let every call succeed: so some do, however little of a soak
// the machine runs. The first calls of ten callers are of every kind.
const harmless = 11

func TestAShortSoakKeepsEveryPromise(t *testing.T) {
	var out strings.Builder
	if code := run(t.Context(), []string{"-duration", "2s", "-callers", "10", "-seed", strconv.Itoa(harmless), "-json"}, &out, io.Discard); code != kept {
		t.Fatalf("exit code %d, %s", code, out.String())
	}
	var r report
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	for g, c := range r.Calls {
		if c.Succeeded == 0 && g != query.String() {
			t.Errorf("no %s call succeeded", g)
		}
	}
	if len(r.Breaches) != int(breachKinds) || r.HeapEnd == 0 || r.Goroutines == 0 || r.Pool.Calls == 0 {
		t.Errorf("%+v", r)
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-duration", "0"}, {"-callers", "-1"}, {"-what"}, {"more"}} {
		var said strings.Builder
		if code := run(t.Context(), args, io.Discard, &said); code != useless || said.Len() == 0 {
			t.Errorf("%q: exit code %d, said %q", args, code, said.String())
		}
	}
}

func TestAHeapMayGrowByHalfAndASlack(t *testing.T) {
	if !isFlat(100<<20, 158<<20) || isFlat(100<<20, 158<<20+1) {
		t.Error("the limit is elsewhere")
	}
}
