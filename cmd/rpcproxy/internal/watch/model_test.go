package watch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

// step is an event and what it changes.
type step struct {
	event Event
	want  []string
}

// check applies the steps.
func check(t *testing.T, m *Model, steps []step) {
	t.Helper()
	for i, s := range steps {
		if got := lines(m.Apply(s.event)); !slices.Equal(got, s.want) {
			t.Errorf("step %d, %+v:\n%s\nwant\n%s", i, s.event, strings.Join(got, "\n"), strings.Join(s.want, "\n"))
		}
	}
}

// reported is the state of a proxy.
func reported(at float64, epoch uint64, active string, moves ...proxy.MoveStatus) Reported {
	return Reported{Snapshot: proxy.Snapshot{At: second(at), Started: began, Epoch: epoch, Active: active, ActiveSince: second(at), Reason: "first of the ranking", Moves: moves}}
}

func moved(at float64, epoch uint64, from, to string, why proxy.MoveReason) proxy.MoveStatus {
	return proxy.MoveStatus{At: second(at), From: from, To: to, Reason: why, Epoch: epoch, Trouble: proxy.Seconds(time.Second)}
}

func TestProbesBecomeChanges(t *testing.T) {
	m := NewModel([]string{a, b})
	check(t, m, []step{
		{answer(0, a, b), []string{"info " + a + " alive, 1.0 ms"}},
		{Probed{At: second(0), Addr: b, RTT: time.Millisecond, Asked: true, Leader: b, Version: "2.0.6"}, []string{"info " + b + " alive, 1.0 ms, 2.0.6"}},
		{answer(1, a, b), nil},
		{Probed{At: second(2), Addr: a, Failed: "dial: connection refused"}, []string{"warn " + a + " failed: dial: connection refused"}},
		{Probed{At: second(3), Addr: a, Failed: "no answer within 2s"}, nil},
		{answer(5, a, b), []string{"info " + a + " answers after 3s"}},
		{answer(6, a, ""), []string{"warn " + a + " answers, and knows no leader"}},
		{answer(7, a, b), []string{"info " + a + " knows a leader after 1s"}},
		{Probed{At: second(8), Addr: b, RTT: time.Millisecond, Asked: true, Leader: b, Version: "2.0.7"}, []string{"info " + b + " runs 2.0.7, was 2.0.6"}},
		{Probed{At: second(9), Addr: b, RTT: time.Millisecond}, nil}, // the version, and the leader, stay what they were
		{answer(10, a, a), nil}, // one against one: that of before stays
		{answer(10, b, a), []string{"info " + a + " leads, " + b + " did"}},
		{Probed{At: second(11), Addr: a, Failed: "x"}, []string{"warn " + a + " failed: x"}},
		{answer(11, b, ""), []string{"warn " + b + " answers, and knows no leader", "warn the servers know no leader"}},
		{Probed{At: second(12), Addr: b, Failed: "x"}, []string{"warn " + b + " failed: x"}},
		{answer(13, b, b), []string{"info " + b + " answers after 1s", "info " + b + " leads"}},
	})
}

func TestAMoveIsToldOnceWithWhatLedToIt(t *testing.T) {
	m := NewModel([]string{a, b})
	first := moved(0, 1, "", a, proxy.MoveOther)
	over := moved(2, 5, a, b, proxy.MoveUnreachable)
	back := moved(9, 7, b, a, proxy.MoveRebalance)
	check(t, m, []step{
		{reported(0, 1, a, first), []string{"info " + a + " is in front (other)"}},
		{answer(0, a, b), []string{"info " + a + " alive, 1.0 ms, in front"}},
		{reported(1, 1, a, first), nil},
		{Probed{At: second(2), Addr: a, Failed: "dial: connection refused"}, []string{"warn " + a + " failed: dial: connection refused"}},
		{reported(2, 5, b, first, over), []string{"warn failing over " + a + " -> " + b + " (dial: connection refused)"}},
		{reported(2, 4, a, first), nil}, // it was overtaken
		{reported(9, 7, a, first, over, back), []string{"info moving " + b + " -> " + a + " (rebalance)"}},
		{reported(10, 8, "", moved(10, 8, a, "", proxy.MoveFailed)), []string{"warn " + a + " is left, and none is in front (dial: connection refused)"}},
	})
	if m.snap.Epoch != 8 || m.front() != "none" {
		t.Errorf("epoch %d, %s in front", m.snap.Epoch, m.front())
	}
}

// agentState is a report of an agent with servers that are alive, but for those named.
func agentState(at float64, epoch uint64, active string, health map[string]string, change func(*proxy.Snapshot)) Reported {
	r := reported(at, epoch, active)
	for _, addr := range []string{a, b} {
		h := health[addr]
		switch h {
		case "":
			h = alive
		case "gone":
			continue
		}
		r.Snapshot.Servers = append(r.Snapshot.Servers, proxy.ServerStatus{
			Addr: addr, Health: h, Role: "primary", Source: "heartbeat",
			RTT: proxy.RTT{Count: 3, P50: proxy.Seconds(200 * time.Microsecond), P99: proxy.Seconds(1100 * time.Microsecond), Series: []proxy.Seconds{0, proxy.Seconds(time.Millisecond)}},
		})
	}
	if change != nil {
		change(&r.Snapshot)
	}
	return r
}

func TestTheStatesOfAnAgentBecomeChanges(t *testing.T) {
	m := NewAgentModel("http://agent")
	old := moved(0, 1, b, a, proxy.MoveSilent)
	over := moved(3, 4, a, b, proxy.MoveSilent)
	check(t, m, []step{
		{Linked{At: second(0), Up: true}, nil},
		{agentState(0, 2, a, map[string]string{b: "unknown"}, func(s *proxy.Snapshot) { s.Moves, s.Leader = []proxy.MoveStatus{old}, b }), []string{
			"info " + a + " alive, 0.2 ms, in front", "info " + b + " unknown, 0.2 ms",
		}},
		{agentState(1, 3, a, nil, func(s *proxy.Snapshot) { s.Leader = a }), []string{"info " + b + " answers", "info " + a + " leads, " + b + " did"}},
		{Reported{
			Snapshot:  agentState(3, 4, b, map[string]string{a: failed}, func(s *proxy.Snapshot) { s.Moves, s.Leader = []proxy.MoveStatus{old, over}, a }).Snapshot,
			Decisions: []proxy.Decision{{Seq: 9, Epoch: 4, Cause: "failure of " + a + ", seen in epoch 3: silent for 3s"}},
		}, []string{
			"warn " + a + " failed", "warn failing over " + a + " -> " + b + " (silent for 3s)",
		}},
		{agentState(4, 5, b, map[string]string{a: "gone"}, func(s *proxy.Snapshot) { s.Leader = a }), []string{"info " + a + " is no longer in the list"}},
		{agentState(5, 6, b, nil, func(s *proxy.Snapshot) { s.Leader = a }), []string{"info " + a + " is new, from heartbeat"}},
		{agentState(6, 7, b, nil, func(s *proxy.Snapshot) {
			s.Leader = a
			s.Sessions = []proxy.SessionStatus{{Server: b, ID: 3, Doubt: true}, {Server: a, ID: 4, Doubt: true, Tenant: true}}
		}), []string{"warn " + b + " is silent while calls wait"}},
		{agentState(7, 8, b, nil, func(s *proxy.Snapshot) { s.Unserved = true }), []string{
			"warn the agent was told of no leader", "info " + b + " answers after 1s", "warn no server is known that serves the agent",
		}},
		{Linked{At: second(8), Why: "it has closed the connection"}, []string{"warn the agent does not tell its state: it has closed the connection"}},
		{Linked{At: second(9), Why: "it has closed the connection"}, nil},
		{Linked{At: second(10), Why: "connection refused"}, []string{"warn the agent does not tell its state: connection refused"}},
		{Linked{At: second(11), Up: true}, []string{"info the agent tells its state again"}},
		{agentState(11, 1, a, nil, func(s *proxy.Snapshot) {
			s.Started = second(10)
			s.Moves = []proxy.MoveStatus{moved(11, 1, b, a, proxy.MoveManual)}
		}), []string{
			"warn the agent was started anew", "info moving " + b + " -> " + a + " (manual)", "info the agent is served again",
		}},
	})
	if log := m.log(100, 200); len(log) == 0 || !strings.Contains(log[0].String(), "failing over "+b) {
		t.Errorf("the move of before is not in the log: %q", log)
	}
}

func TestAHeartbeatThatIsLateIsToldOnce(t *testing.T) {
	m := NewAgentModel("x")
	beat := func(age, ttl float64) func(*proxy.Snapshot) {
		return func(s *proxy.Snapshot) {
			s.Heartbeat = &proxy.HeartbeatStatus{Age: proxy.Seconds(age * 1e9), TTL: proxy.Seconds(ttl * 1e9), Margin: proxy.Seconds((ttl - age) * 1e9)}
		}
	}
	m.Apply(agentState(0, 1, a, nil, beat(1, 14)))
	check(t, m, []step{
		{agentState(1, 1, a, nil, beat(13, 14)), nil},
		{agentState(2, 1, a, nil, beat(15, 14)), []string{"warn no heartbeat was answered for 15s: the TTL of 14s has ended"}},
		{agentState(3, 1, a, nil, beat(16, 14)), nil},
		{agentState(4, 1, a, nil, beat(0, 14)), []string{"info the heartbeat is answered in time again"}},
		{agentState(5, 1, a, nil, beat(100, 0)), nil},
	})
}

func TestServersThatDisagreeAboutTheLeaderAreShown(t *testing.T) {
	m := NewModel([]string{a, b, c})
	for i, addr := range []string{a, b, c} {
		m.Apply(answer(0, addr, []string{a, a, b}[i]))
	}
	text := m.Text(second(1), true)
	if !m.disputed || !strings.Contains(text, "leader disputed: "+a) || !strings.Contains(text, "other") {
		t.Errorf("%s", text)
	}
}

func TestTheFieldsOfAChangeAreThoseThatProgramsRead(t *testing.T) {
	m := NewModel([]string{a})
	first := m.Apply(Probed{At: second(0).UTC(), Addr: a, RTT: 1500 * time.Microsecond, Asked: true, Leader: a, Version: "2.0.6"})[0]
	at := `"at":"` + second(0).UTC().Format(time.RFC3339) + `"`
	later := `"at":"` + second(2).UTC().Format(time.RFC3339) + `"`
	over := m.Apply(Reported{Snapshot: proxy.Snapshot{Started: began, Moves: []proxy.MoveStatus{{At: second(2).UTC(), From: b, To: a, Reason: proxy.MoveSilent, Epoch: 1, Trouble: proxy.Seconds(1500 * time.Millisecond)}}}})[0]
	for want, c := range map[string]Change{
		`{` + at + `,"kind":"server","level":"info","server":"10.0.0.1:4647","status":{"state":"alive","in_front":false,"rtt_ms":1.5,"probes":1,"lost":0,"leader":false,"version":"2.0.6"},"text":"10.0.0.1:4647 alive, 1.5 ms, 2.0.6"}`: first,
		`{` + later + `,"kind":"move","level":"warn","from":"10.0.0.2:4647","to":"10.0.0.1:4647","reason":"silent","seconds":1.5,"text":"failing over 10.0.0.2:4647 -\u003e 10.0.0.1:4647 (silent)"}`:                                    over,
	} {
		if got, err := json.Marshal(c); err != nil || string(got) != want {
			t.Errorf("%v: %s\nwant %s", err, got, want)
		}
	}
}

func TestACopyStaysAsItIs(t *testing.T) {
	m := NewModel([]string{a, b})
	m.Apply(answer(0, a, a))
	m.Apply(reported(0, 1, a))
	copied := m.Clone()
	before := copied.Text(second(1), false) + fmt.Sprint(len(copied.changes))
	for i := range 100 {
		m.Apply(Probed{At: second(2), Addr: a, Failed: "x"})
		m.Apply(answer(2, fmt.Sprint("new-", i), b))
	}
	if after := copied.Text(second(1), false) + fmt.Sprint(len(copied.changes)); after != before {
		t.Errorf("%s\nwas\n%s", after, before)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	m := NewAgentModel("x")
	for n := range 30 {
		s := agentState(float64(n), 1, a, nil, nil)
		for i := range 300 {
			s.Snapshot.Servers = append(s.Snapshot.Servers, proxy.ServerStatus{Addr: fmt.Sprint("server-", n, "-", i), Health: alive})
			s.Decisions = append(s.Decisions, proxy.Decision{Seq: uint64(n*300 + i), Cause: "x"})
		}
		m.Apply(s)
	}
	for i := range 2 * mostRows {
		m.Apply(answer(100, fmt.Sprint(i), a))
	}
	if len(m.rows) != mostRows || len(m.index) != mostRows || len(m.changes) != mostChanges || len(m.decisions) != mostDecisions || len(m.index[a].trips) > window {
		t.Errorf("%d rows, %d in the index, %d changes, %d decisions", len(m.rows), len(m.index), len(m.changes), len(m.decisions))
	}
	for i := range 3 * window {
		m.Apply(answer(200+float64(i), a, a))
	}
	if n := len(m.index[a].trips); n != window {
		t.Errorf("%d trips", n)
	}
}

func TestDecisionsAreMergedByTheirNumbers(t *testing.T) {
	m := NewAgentModel("x")
	m.decide([]proxy.Decision{{Seq: 3, Cause: "three"}, {Seq: 5, Cause: "five"}})
	m.decide([]proxy.Decision{{Seq: 5, Cause: "five", Times: 2}, {Seq: 4, Cause: "four"}, {Seq: 6, Cause: "six"}})
	var got []string
	for _, d := range m.decisions {
		got = append(got, fmt.Sprint(d.Seq, d.Cause, d.Times))
	}
	if want := []string{"3three0", "4four0", "5five2", "6six0"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestTheFirstThatIsToldOfAnAgentsServersSaysWhichOneIsInFrontAndLeads(t *testing.T) {
	m := NewAgentModel("x")
	all := m.Apply(agentState(0, 1, a, nil, func(s *proxy.Snapshot) { s.Leader = b }))
	if len(all) != 2 || !all[0].Status.Front || all[0].Status.Leader || all[1].Status.Front || !all[1].Status.Leader {
		t.Errorf("%+v", all)
	}
}

func TestWhatBecameGoodIsToldAfterTheMovesBefore(t *testing.T) {
	m := NewAgentModel("x")
	m.Apply(agentState(0, 1, a, map[string]string{b: failed}, nil))
	check(t, m, []step{{
		agentState(9, 4, b, map[string]string{a: failed}, func(s *proxy.Snapshot) {
			s.Moves = []proxy.MoveStatus{moved(7, 3, a, b, proxy.MoveUnreachable)}
		}),
		[]string{"warn " + a + " failed", "warn failing over " + a + " -> " + b + " (unreachable)", "info " + b + " answers"},
	}})
}
