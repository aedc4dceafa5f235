package watch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

// cycle are reports of an agent each call of which fails over, while no server is left.
func cycle(m *Model, rounds int, each time.Duration) (told []Change) {
	addrs := []string{a, b, c}
	m.Apply(reported(0, 1, a))
	for n := range rounds {
		from, to := addrs[n%3], addrs[(n+1)%3]
		epoch, at := uint64(n+2), time.Duration(n)*each
		e := reported(at.Seconds(), epoch, to, moved(at.Seconds(), epoch, from, to, proxy.MoveUnreachable))
		e.Decisions = []proxy.Decision{{Seq: epoch, Epoch: epoch, Kind: proxy.CauseFailure, Server: from, Cause: fmt.Sprintf(
			"failure of %s, seen in epoch %d: Echo.Echo on %s: dial: connection refused (failed %d times in a row)", from, epoch-1, from, n)}}
		told = append(told, m.Apply(e)...)
	}
	return told
}

func TestRepeatsInTheLogAreCountedWhereTheFirstOneStands(t *testing.T) {
	m := NewAgentModel("x")
	told := cycle(m, 24, time.Second)
	want := []string{
		"14:00:00 WARN failing over " + a + " -> " + b + " (Echo.Echo: dial: connection refused)",
		"14:00:01 WARN failing over " + b + " -> " + c + " (Echo.Echo: dial: connection refused)",
		"14:00:02 WARN failing over again and again, now " + c + " -> " + a + " (Echo.Echo: dial: connection refused), 22 times in 21s",
	}
	var got []string
	for _, l := range m.log(100, 200) {
		got = append(got, l.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(told) != 24 {
		t.Errorf("%d changes, of 24", len(told))
	}
	due := 0
	for _, change := range told {
		if change.Due() {
			due++
		}
	}
	if due != 2+5 { // the last one: for the first, second, fourth, eighth and sixteenth time
		t.Errorf("%d of %d are printed", due, len(told))
	}
}

func TestAFailoverAfterSomethingGoodIsNoRepeat(t *testing.T) {
	m := NewAgentModel("x")
	cycle(m, 24, time.Second)
	m.keep(Change{At: second(24), Kind: KindState, Level: Info, Server: a, Text: a + " answers"})
	again := m.keep(Change{At: second(25), Kind: KindMove, Level: Warn, From: a, To: b, Text: "failing over"})
	if n := len(m.log(100, 200)); n != 5 || again.times != 1 || again.circles {
		t.Errorf("%d lines, %+v", n, again)
	}
}

func TestAnAgentThatIsLostForOneReasonIsOneLine(t *testing.T) {
	m := NewAgentModel("x")
	for i := range 10 {
		m.Apply(Linked{At: second(float64(2 * i)), Why: "connection refused"})
		m.Apply(Linked{At: second(float64(2*i + 1)), Up: true})
	}
	if log := m.log(100, 200); len(log) != 2 || !strings.HasSuffix(log[0].String(), "connection refused, 10 times in 18s") {
		t.Errorf("%q", log)
	}
}

func TestWhatIsTheSameAfterLongIsNoRepeat(t *testing.T) {
	m := NewAgentModel("x")
	cycle(m, 6, sameWithin+time.Second)
	if n := len(m.log(100, 200)); n != 6 {
		t.Errorf("%d lines", n)
	}
}

func TestALongChangeTakesSeveralLinesAndNoneIsTooWide(t *testing.T) {
	long := Change{At: began, Level: Warn, Text: a + " failed: " + strings.Repeat("word ", 60) + strings.Repeat("日", 40)}
	for _, columns := range []int{1, 2, 7, 13, 40, 80, 500} {
		all := long.lines(columns)
		if len(all) == 0 || len(all) > wrapped {
			t.Errorf("%d columns: %d lines", columns, len(all))
		}
		for _, l := range all {
			if width(l.String()) > columns {
				t.Errorf("%d columns: %q", columns, l.String())
			}
		}
	}
	if all := long.lines(80); !strings.HasPrefix(all[1].String(), "              word ") || !strings.HasSuffix(all[3].String(), "…") {
		t.Errorf("%q", all)
	}
	if all := long.lines(40); !strings.HasPrefix(all[1].String(), "  word") {
		t.Errorf("%q", all)
	}
}
