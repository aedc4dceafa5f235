package main

import (
	"slices"
	"testing"
	"time"
)

// front is the record of an agent whose calls go to that server from then on.
func front(when float64, server string) record {
	return record{Kind: kindFront, Done: at(when), Server: server}
}

// called is a call of a server to the agent a, which took a millisecond.
func called(when float64, server, failed string) record {
	return record{Kind: kindCall, Agent: "a", Server: server, Sent: at(when), Done: at(when + 0.001), Err: failed}
}

// pathless is one that was not made.
func pathless(when float64, server string) record {
	r := called(when, server, "")
	r.NoPath = true
	return r
}

func withSessions(r record, n int) record {
	r.Sessions = n
	return r
}

func TestTheWayBackIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		fronts, calls, follows []record
		want                   back
	}{
		"moves, but for the first choice": {
			fronts: []record{front(5, "s1"), front(20, "s2"), front(30, "s1"), front(99, "s3")}, want: back{moves: 2},
		},
		"calls that were answered, and calls that failed": {
			fronts: []record{front(5, "s1")},
			calls:  []record{called(20, "s1", ""), called(21, "s1", "connection reset"), called(22, "s2", "")},
			want:   back{calls: 3, failed: 1},
		},
		"nothing before and nothing after": {
			calls:   []record{called(9.9, "s1", "EOF"), called(50.1, "s1", "EOF"), pathless(9, "s1")},
			follows: []record{{Agent: "a", Sent: at(5), Done: at(9), Err: "EOF"}},
		},
		"nothing of another agent": {
			calls:   []record{{Kind: kindCall, Agent: "b", Server: "s1", Sent: at(20), Err: "EOF"}},
			follows: []record{{Agent: "b", Sent: at(20), Done: at(21), Err: "EOF"}},
		},
		"a call is forwarded to a server that has a session": {
			fronts: []record{front(5, "s1")},
			calls:  []record{pathless(20, "s2"), called(20.5, "s1", "")},
			want:   back{calls: 1},
		},
		"one that no server can make has failed": {
			fronts: []record{front(5, "s1")},
			calls:  []record{called(17, "s1", ""), pathless(20, "s2"), pathless(20.1, "s3")},
			want:   back{calls: 3, failed: 2},
		},
		"the server in use has no session, long after the move": {
			fronts: []record{front(5, "s1"), front(18, "s2")},
			calls:  []record{pathless(20, "s2"), called(20.5, "s1", "")},
			want:   back{moves: 1, calls: 1, noPath: 1},
		},
		"it has not had the time to learn of one": {
			fronts: []record{front(5, "s1"), front(18.1, "s2")},
			calls:  []record{pathless(20, "s2"), called(20.5, "s1", "")},
			want:   back{moves: 1, calls: 1},
		},
		"sessions that there are at the same time": {
			calls: []record{
				withSessions(called(20, "s1", ""), 2), withSessions(called(20.5, "s2", ""), 1), // 3
				withSessions(called(21, "s1", ""), 1), withSessions(called(21.5, "s3", ""), 2), // 4
				withSessions(called(30, "s2", ""), 3), // the others are long ago
			},
			want: back{calls: 5, sessions: 4},
		},
		"logs that were cut, and one that was given up": {
			follows: []record{
				{Agent: "a", Sent: at(5)},
				{Agent: "a", Sent: at(5), Done: at(20), Err: "EOF"},
				{Agent: "a", Sent: at(21)},
				{Agent: "a", Sent: at(21), Done: at(50)},
			},
			want: back{follows: 2, cut: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := tally("a", c.fronts, c.calls, c.follows, at(10), at(50))
			if got != c.want {
				t.Errorf("is %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestCountsOfSeveralAgentsAddUp(t *testing.T) {
	sum := back{1, 2, 3, 4, 5, 6, 3}
	sum.add(back{10, 20, 30, 40, 50, 60, 2})
	if sum != (back{11, 22, 33, 44, 55, 66, 3}) {
		t.Errorf("are %+v", sum)
	}
}

func TestTheWayBackHoldsOnlyIfNothingFailed(t *testing.T) {
	r := row{fault: faultRebalance, back: &back{moves: 9, calls: 100, noPath: 3, follows: 4, sessions: 3}}
	if broken := inMotion.breaches(r); broken != nil {
		t.Errorf("nothing failed: %q", broken)
	}
	r.back.failed, r.back.cut, r.back.sessions, r.most, r.failed = 2, 1, 4, 2*time.Second, 3
	want := []string{
		"rebalance: max late 2.000 s, may be 1.000 s",
		"rebalance: 3 calls for heartbeats failed",
		"rebalance: 2 of 100 calls of servers to agents failed",
		"rebalance: 1 of 4 logs that servers followed were cut",
		"rebalance: an agent had 4 sessions, may have 3",
	}
	if broken := inMotion.breaches(r); !slices.Equal(broken, want) {
		t.Errorf("is %q, want %q", broken, want)
	}
	if broken := inTransfer.breaches(row{back: r.back}); broken != nil {
		t.Errorf("of a fault without that limit: %q", broken)
	}
}
