package watch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// drawn is a screen as text, without the blanks behind lines.
func drawn(m *Model, s Screen) string {
	var b strings.Builder
	for _, l := range m.Draw(s) {
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	return b.String()
}

// three are servers of which one has failed.
func three() *Model {
	m := NewModel([]string{a, b, c})
	for i, took := range []float64{0.3, 0.3, 0.9, 4, 0.2} {
		for _, addr := range []string{a, b, c} {
			e := Probed{At: second(float64(i)), Addr: addr, RTT: time.Duration(took * float64(time.Millisecond)), Asked: true, Leader: c, Version: "2.0.6"}
			if addr == b && i > 2 {
				e = Probed{At: second(float64(i)), Addr: b, Failed: "dial: connection refused"}
			}
			m.Apply(e)
		}
	}
	m.Apply(reported(4, 2, a, moved(0, 1, "", b, proxy.MoveOther), moved(3, 2, b, a, proxy.MoveUnreachable)))
	return m
}

func TestTheScreenOf80Columns(t *testing.T) {
	got := drawn(three(), Screen{Width: 80, Height: 24, Selected: 1, Now: second(64)})
	want := `3 servers, 1 failed  leader 10.0.0.3:4647     q quit  p pause  e explain  ? help
10.0.0.1:4647 in front for 1m00s: first of the ranking

  SERVER         STATE       RTT ms                TREND  LOSS  LEADER  VERSION
  10.0.0.1:4647  in front       0.2                ▁▁▁▅▁    0%          2.0.6
> 10.0.0.2:4647  failed           -                ▁▁▁××   40%          2.0.6
  10.0.0.3:4647  alive          0.2                ▁▁▁▅▁    0%  *       2.0.6

10.0.0.2:4647 failed for 1m01s: dial: connection refused

14:00:03 WARN 10.0.0.2:4647 failed: dial: connection refused
14:00:00 INFO 10.0.0.2:4647 is in front (other)
14:00:03 WARN failing over 10.0.0.2:4647 -> 10.0.0.1:4647 (dial: connection
              refused)
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestColumnsAreLeftOutWhereThereIsNoRoom(t *testing.T) {
	m := three()
	for columns, want := range map[int]string{
		200: "SERVER STATE RTT ms TREND LOSS LEADER VERSION WHY",
		80:  "SERVER STATE RTT ms TREND LOSS LEADER VERSION",
		60:  "SERVER STATE RTT ms LOSS LEADER",
		40:  "SERVER STATE RTT ms",
		30:  "SERVER STATE",
		20:  "SERVER",
	} {
		head := m.table(m.rows, columns, second(9), blocks, nil)[0].String()
		if got := strings.Join(strings.Fields(head), " "); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}

func TestTheScreenOfAnAgent(t *testing.T) {
	m := NewAgentModel("http://agent")
	m.Apply(Linked{At: second(0), Up: true})
	m.Apply(agentState(0, 1, a, map[string]string{b: failed}, func(s *proxy.Snapshot) {
		s.Leader = b
		s.Servers[0].Answered = 1204
		s.Servers[1].Failures = 5
		s.Sessions = []proxy.SessionStatus{{Server: a, ID: 7, Since: second(-240), TLS: true, Calls: 2, Streams: 1, State: "ready"}}
		s.Heartbeat = &proxy.HeartbeatStatus{Age: proxy.Seconds(3 * time.Second), TTL: proxy.Seconds(14 * time.Second), Margin: proxy.Seconds(11 * time.Second)}
	}))
	got := drawn(m, Screen{Width: 80, Height: 12, Now: second(2)})
	want := `2 servers, 1 failed  leader 10.0.0.2:4647     q quit  p pause  e explain  ? help
10.0.0.1:4647 in front for 2s: first of the ranking  9s left of TTL 14s

  SERVER         STATE       p50/p99 ms       TREND  SESSION          CALLS
> 10.0.0.1:4647  in front       0.2/1.1           ▁  #7 4m02s TLS      1204
  10.0.0.2:4647  failed         0.2/1.1           ▁                       0

10.0.0.1:4647 in front for 2s: primary from heartbeat, session #7 4m02s TLS, re…

`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, link := range []Linked{{At: second(3), Why: "connection refused"}} {
		m.Apply(link)
		if got := drawn(m, Screen{Width: 80, Height: 12, Now: second(5)}); !strings.Contains(got, "the agent does not tell its state for 2s: connection refused") {
			t.Errorf("%s", got)
		}
	}
}

// hostile is a model whose texts are all a stranger's.
func hostile(text string) []*Model {
	probed := NewModel([]string{a, b})
	probed.Apply(Probed{At: second(0), Addr: a, RTT: 1, Asked: true, Leader: text, Version: text})
	probed.Apply(Probed{At: second(0), Addr: b, Failed: text})
	probed.Apply(Probed{At: second(1), Addr: a, Failed: text})
	agent := NewAgentModel(text)
	agent.Apply(Linked{At: second(0), Why: text})
	shown := NewAgentModel(text)
	for _, health := range []string{"alive", text} {
		s := agentState(0, uint64(len(health)), text, map[string]string{a: health}, func(s *proxy.Snapshot) {
			s.Leader, s.Reason, s.Fault = text, text, text
			s.Servers[1].Addr, s.Servers[1].Role, s.Servers[1].Source = text, text, "x"
			s.Servers[0].Role = text
			s.Sessions = []proxy.SessionStatus{{Server: a, State: text}}
			s.Moves = []proxy.MoveStatus{{Epoch: uint64(len(health)) + 1, From: text, To: text, Reason: proxy.MoveReason(text)}}
		})
		s.Decisions = []proxy.Decision{{Seq: 1, Epoch: 1, Cause: "x: " + text, Did: []proxy.Action{{Text: text, Server: text}}}}
		shown.Apply(s)
	}
	return []*Model{probed, agent, shown}
}

func TestNothingOfAStrangerMovesTheCursorOrIsTooWide(t *testing.T) {
	for _, text := range append(testutil.HostileTexts(), "日本語"+strings.Repeat("日本", 200), "e\u0301\u0301\u0301 😀") {
		for i, m := range hostile(text) {
			for _, size := range [][2]int{{1, 1}, {7, 3}, {20, 8}, {79, 24}, {80, 24}, {200, 60}, {400, 10}} {
				for mode := range Mode(3) {
					got := m.Draw(Screen{Width: size[0], Height: size[1], Mode: mode, Now: second(5), Selected: 9, Scroll: 3})
					if len(got) > size[1] {
						t.Errorf("%d lines of %d", len(got), size[1])
					}
					for _, l := range got {
						testutil.CheckShown(t, fmt.Sprintf("model %d, page %d", i, mode), l.String())
						if w := width(l.String()); w > size[0] {
							t.Errorf("%d columns of %d: %q", w, size[0], l.String())
						}
					}
				}
			}
			for line := range strings.Lines(m.Text(second(5), false)) {
				testutil.CheckShown(t, "table", strings.TrimSuffix(line, "\n"))
			}
			for _, change := range m.changes {
				testutil.CheckShown(t, "change", change.Line())
			}
		}
	}
}

func TestEveryServerCanBeSelectedAndIsSeenThen(t *testing.T) {
	var addrs []string
	for i := range 100 {
		addrs = append(addrs, fmt.Sprintf("10.0.1.%d:4647", i))
	}
	m := NewModel(addrs)
	for i, addr := range addrs {
		got := drawn(m, Screen{Width: 80, Height: 24, Selected: i, Now: began})
		if !strings.Contains(got, "\n> "+addr+" ") || !strings.Contains(got, "by the arrows") {
			t.Fatalf("%s is not seen:\n%s", addr, got)
		}
	}
}

func TestAPageIsScrolledFromOneEndToTheOther(t *testing.T) {
	m := NewAgentModel("x")
	for i := range 50 {
		m.decide([]proxy.Decision{{Seq: uint64(i), Cause: fmt.Sprint("cause-", i, ".")}})
	}
	s := Screen{Width: 80, Height: 12, Mode: Explain, Now: began}
	if got := drawn(m, s); !strings.Contains(got, "cause-49.") || strings.Contains(got, "cause-39.") {
		t.Errorf("the end:\n%s", got)
	}
	s.Scroll = m.Lines(s) - s.Room()
	if got := drawn(m, s); !strings.Contains(got, "cause-0.") || !strings.Contains(got, "cause-9.") || strings.Contains(got, "cause-10.") {
		t.Errorf("the beginning:\n%s", got)
	}
	s = Screen{Width: 80, Height: 6, Mode: Help}
	s.Scroll = m.Lines(s) - s.Room()
	if got := drawn(m, s); !strings.Contains(got, "for lost") {
		t.Errorf("the end of the help:\n%s", got)
	}
}

func TestASCIIIsAllThatIsDrawnWhereTheLocaleHasNoMore(t *testing.T) {
	m := three()
	for mode := range Mode(3) {
		for _, columns := range []int{20, 60, 80} {
			for _, r := range drawn(m, Screen{Width: columns, Height: 24, ASCII: true, Mode: mode, Now: second(9)}) {
				if r > 0x7e {
					t.Fatalf("%q is drawn", r)
				}
			}
		}
	}
	if text := m.Text(second(9), true); strings.ContainsFunc(text, func(r rune) bool { return r > 0x7e }) || strings.Contains(text, trend) {
		t.Errorf("%s", text)
	}
}

func TestASparklineRisesByTwoLevelsWhereATripTakesTwiceAsLong(t *testing.T) {
	var trips []trip
	for _, ms := range []float64{2, 4, 8, 2, 16, 500, 0} {
		trips = append(trips, trip{took: time.Duration(ms * float64(time.Millisecond))})
	}
	trips = append(trips, trip{lost: true})
	if got := blocks.draw(trips, 100); got != "▁▃▅▁▇█ ×" {
		t.Errorf("%q", got)
	}
	if got := ascii.draw(trips, 3); got != "# x" {
		t.Errorf("%q", got)
	}
}
