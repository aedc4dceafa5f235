package main

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return start.Add(secs(seconds)) }

func secs(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// good is a heartbeat that succeeded, with a TTL of 10 s.
func good(due, done float64) record {
	return record{Kind: kindBeat, Due: at(due), Sent: at(due), Done: at(done), TTL: 10 * time.Second}
}

func bad(due, done float64) record {
	r := good(due, done)
	r.Err = "failed"
	return r
}

func TestAHeartbeatIsAsLateAsTheTimeSinceItWasDue(t *testing.T) {
	const grace = 10 * time.Second
	for name, c := range map[string]struct {
		beats []record
		to    float64
		want  sample
	}{
		"in time": {[]record{good(10, 10), good(20, 20)}, 25, sample{gap: secs(10)}},
		"late":    {[]record{good(10, 10), good(20, 23)}, 25, sample{next: secs(3), worst: secs(3), gap: secs(13)}},
		"failed before, and due as long as that": {
			[]record{good(10, 10), bad(20, 24), good(20, 26)},
			27,
			sample{failed: 1, next: secs(6), worst: secs(6), gap: secs(16)},
		},
		"one that is over before the fault does not count": {
			[]record{good(-10, -1), good(9, 14), good(24, 24)}, 25, sample{gap: secs(10)},
		},
		"the next one counts, the worst is another": {
			[]record{good(10, 10), good(20, 21), good(31, 35)},
			40,
			sample{next: secs(1), worst: secs(4), gap: secs(14), again: true},
		},
		"one late, one in time, one late": {
			[]record{good(10, 10), good(20, 21), good(31, 31), good(41, 42)},
			43,
			sample{next: secs(1), worst: secs(1), gap: secs(11), again: true},
		},
		"a gap of TTL and grace is not missed": {
			[]record{good(10, 10), good(20, 30)}, 31, sample{next: secs(10), worst: secs(10), gap: secs(20)},
		},
		"a longer one is": {
			[]record{good(10, 10), good(20, 30.1)},
			31,
			sample{next: secs(10.1), worst: secs(10.1), gap: secs(20.1), missed: true},
		},
		"none came yet": {
			[]record{good(10, 10)}, 22, sample{next: secs(2), worst: secs(2), gap: secs(12)},
		},
		"none came until the end": {
			[]record{good(10, 10), bad(20, 30)},
			45,
			sample{failed: 1, next: secs(25), worst: secs(25), gap: secs(35), missed: true},
		},
		"the second one did not come": {
			[]record{good(10, 10), good(20, 20), bad(30, 40)},
			45,
			sample{failed: 1, worst: secs(15), gap: secs(25), missed: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := measure("", c.beats, at(15), at(c.to), grace, nil)
			if !ok || got != c.want {
				t.Errorf("is %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestTimeTheMachineDidNotRunDoesNotCount(t *testing.T) {
	const grace = 10 * time.Second
	beats := []record{good(10, 10), good(20, 31)}
	for name, c := range map[string]struct {
		m    machine
		want sample
	}{
		"no stall": {nil, sample{next: secs(11), worst: secs(11), gap: secs(21), missed: true}},
		"one before it was due, and within the gap": {
			machine{{From: at(15), To: at(17)}}, sample{next: secs(11), worst: secs(11), gap: secs(19)},
		},
		"two of different processes while it was late": {
			machine{{From: at(20), To: at(25)}, {From: at(23), To: at(28)}}, sample{next: secs(1), worst: secs(1), gap: secs(11)},
		},
		"more than that": {
			machine{{From: at(10), To: at(31)}, {From: at(10), To: at(31)}}, sample{},
		},
		"one after all": {
			machine{{From: at(31), To: at(50)}}, sample{next: secs(11), worst: secs(11), gap: secs(21), missed: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := measure("", beats, at(15), at(32), grace, c.m); !ok || got != c.want {
				t.Errorf("is %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestAFreezeOnPurposeIsNoStall(t *testing.T) {
	for name, c := range map[string]struct {
		from, to, since float64
		want            bool
	}{
		"it": {100.01, 162, 100, true}, "a short one then": {100.1, 100.2, 100, false},
		"a long one before": {90, 95, 100, false}, "a long one afterwards": {170, 175, 100, false},
	} {
		if got := frozen(testutil.Stall{From: at(c.from), To: at(c.to)}, at(c.since)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if frozen(testutil.Stall{From: at(1), To: at(9)}, time.Time{}) {
		t.Error("it was not frozen")
	}
}

func TestWithoutAHeartbeatBeforeTheFaultThereIsNothingToMeasure(t *testing.T) {
	if s, ok := measure("", []record{bad(10, 12)}, at(15), at(40), time.Second, nil); ok {
		t.Errorf("measured %+v", s)
	}
}

func TestAQuantileIsOneOfTheValues(t *testing.T) {
	values := make([]time.Duration, 0, 12)
	for i := range 12 {
		values = append(values, time.Duration(12-i))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 6, 0.9: 11, 1: 12} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of no values it is %v", got)
	}
	if one := []time.Duration{7}; quantile(one, 0.5) != 7 || quantile(one, 0.9) != 7 {
		t.Error("of one value it is not that")
	}
	if values[0] != 12 {
		t.Error("the values were put into another order")
	}
}

func TestTheLatestHeartbeatCountsInARollAndTheNextElsewhere(t *testing.T) {
	samples := []sample{{next: 1, worst: 5, gap: 7}, {next: 2, worst: 2, gap: 9, missed: true}}
	if r := sum(faultSIGKILL, clientOurs, samples); r.n != 2 || r.p50 != 1 || r.most != 2 || r.gap != 9 || r.missed != 1 {
		t.Errorf("of a kill: %+v", r)
	}
	if r := sum(faultRoll, clientOurs, samples); r.p50 != 2 || r.most != 5 {
		t.Errorf("of a roll: %+v", r)
	}
}

func TestALimitIsBrokenOnlyFromAbove(t *testing.T) {
	r := row{fault: faultBlackHole, n: 3, p90: inSilence.p90, most: inSilence.most}
	if broken := inSilence.breaches(r); broken != nil {
		t.Errorf("at the limit: %q", broken)
	}
	r.p90++
	r.most++
	r.missed = 1
	want := []string{
		"black-hole: p90 late 3.000 s, may be 3.000 s",
		"black-hole: max late 4.000 s, may be 4.000 s",
		"black-hole: 1 of 3 missed a heartbeat",
	}
	if broken := inSilence.breaches(r); !slices.Equal(broken, want) {
		t.Errorf("above: %q", broken)
	}
	if broken := (limit{}).breaches(row{most: time.Hour}); broken != nil {
		t.Errorf("without a limit: %q", broken)
	}
}

func TestAServerIsCrowdedAboveOneAndAHalfTimesItsShare(t *testing.T) {
	for _, c := range []struct {
		loads []int
		want  bool
	}{
		{[]int{4, 4, 4}, false}, {[]int{6, 3, 3}, false}, {[]int{7, 3, 2}, true}, {[]int{0, 0, 0}, false},
	} {
		if crowded(c.loads) != c.want {
			t.Errorf("crowded(%v) is %v", c.loads, !c.want)
		}
	}
}
