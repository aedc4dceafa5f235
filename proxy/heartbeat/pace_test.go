package heartbeat

import (
	"math"
	"testing"
	"time"
)

// chances are the ends of what a chance may be, and what lies between.
var chances = []float64{0, 0.25, 0.5, math.Nextafter(1, 0)}

func TestTheNextHeartbeatLeavesTimeForAnotherServer(t *testing.T) {
	for name, c := range map[string]struct {
		ttl, took, least, most time.Duration
	}{
		"the shortest TTL at defaults":     {10 * time.Second, time.Millisecond, 6041 * time.Millisecond, 6667 * time.Millisecond},
		"the longest TTL at defaults":      {20 * time.Second, time.Millisecond, 13750 * time.Millisecond, 15 * time.Second},
		"a TTL of 300 s":                   {300 * time.Second, time.Millisecond, 276250 * time.Millisecond, 295 * time.Second},
		"answers that take long":           {20 * time.Second, 4 * time.Second, 10750 * time.Millisecond, 12 * time.Second},
		"answers that take longer":         {20 * time.Second, time.Minute, 8750 * time.Millisecond, 10 * time.Second},
		"a TTL shorter than a call is":     {300 * time.Millisecond, time.Second, 131 * time.Millisecond, 150 * time.Millisecond},
		"a TTL that is none":               {time.Nanosecond, 0, leastInterval, leastInterval},
		"the longest TTL there is":         {longestTTL, 0, longestTTL*15/16 - marginMost, longestTTL - marginMost},
		"answers within the usual margin":  {20 * time.Second, 1300 * time.Millisecond, 13750 * time.Millisecond, 15 * time.Second},
		"the margin grows with the answer": {20 * time.Second, 3 * time.Second, 12750 * time.Millisecond, 14 * time.Second},
	} {
		for _, chance := range chances {
			got := beatInterval(c.ttl, c.took, chance)
			if got < c.least || got > c.most {
				t.Errorf("%s, chance %v: %v, want %v to %v", name, chance, got, c.least, c.most)
			}
		}
		spread := beatInterval(c.ttl, c.took, 0) - beatInterval(c.ttl, c.took, chances[3])
		if want := c.ttl / 16; c.least > leastInterval && (spread < want-time.Microsecond || spread > want) {
			t.Errorf("%s: spread over %v, want %v", name, spread, want)
		}
	}
}

func TestPausesGrowWithFailuresAndWithTheFleet(t *testing.T) {
	for name, c := range map[string]struct {
		fleet fleet
		n     int
		most  time.Duration
		want  time.Duration // without chance
	}{
		"the first failure":                        {fleet{3, 3}, 1, retryMost, time.Second},
		"nothing is known of the fleet":            {fleet{}, 1, retryMost, time.Second},
		"the third":                                {fleet{3, 3}, 3, retryMost, 4 * time.Second},
		"the tenth":                                {fleet{3, 3}, 10, retryMost, retryMost},
		"the millionth":                            {fleet{3, 3}, 1e6, retryMost, retryMost},
		"refused for long":                         {fleet{3, 3}, 9, refusedMost, refusedMost},
		"10,000 nodes on 5 servers":                {fleet{10000, 5}, 1, retryMost, 7812500 * time.Microsecond},
		"10,000 nodes on 5 servers, later":         {fleet{10000, 5}, 2, retryMost, retryMost},
		"100,000 nodes on 5 servers":               {fleet{100000, 5}, 1, retryMost, fleetMost},
		"100,000 nodes on 5 servers, later":        {fleet{100000, 5}, 5, retryMost, fleetMost},
		"a number of nodes that makes no sense":    {fleet{math.MaxInt, 1}, 1, retryMost, fleetMost},
		"a number of nodes that is negative":       {fleet{-5, 3}, 1, retryMost, time.Second},
		"a failure that is none counts as a first": {fleet{3, 3}, 0, retryMost, time.Second},
	} {
		for _, chance := range chances {
			got, most := c.fleet.pause(c.n, c.most, chance), c.want+c.want/2
			if got < c.want || got > most {
				t.Errorf("%s, chance %v: %v, want %v to %v", name, chance, got, c.want, most)
			}
		}
	}
}

func TestSimultaneousCallsAreSpreadOverTheFleet(t *testing.T) {
	small, large, huge := fleet{15, 3}, fleet{10000, 5}, fleet{100000, 5}
	for name, c := range map[string]struct {
		spread func(float64) time.Duration
		want   time.Duration // the end of what chance spreads over
	}{
		"first heartbeats of a small fleet": {small.first, 15 * time.Millisecond},
		"first heartbeats of 10,000":        {large.first, 10 * time.Second},
		"first heartbeats of 100,000":       {huge.first, 10 * time.Second},
		"registering again, a small fleet":  {small.again, 15 * time.Millisecond},
		"registering again, 10,000":         {large.again, 10 * time.Second},
		"registering again, 100,000":        {huge.again, time.Minute},
		"a move in a small fleet":           {small.move, 500 * time.Millisecond},
		"a move of 10,000":                  {large.move, 500 * time.Millisecond},
		"a move of 100,000":                 {huge.move, 4882812500 * time.Nanosecond},
	} {
		if got := c.spread(0); got != 0 {
			t.Errorf("%s: begins after %v", name, got)
		}
		if got := c.spread(0.5); got != c.want/2 {
			t.Errorf("%s: the middle is %v, want %v", name, got, c.want/2)
		}
	}
}

func TestACallWithoutADeadlineTriesLongerEachTime(t *testing.T) {
	for failed, want := range []time.Duration{8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		if got := try(failed); got != want {
			t.Errorf("after %d failures: %v, want %v", failed, got, want)
		}
	}
	if got := try(1e6); got != tryMost {
		t.Errorf("after a million failures: %v", got)
	}
}
