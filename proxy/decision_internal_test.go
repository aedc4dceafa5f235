package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestOfADecisionWithManyLinesTheFirstAndTheLastAreKept(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, firstDid: firstDid, firstDid + lastDid: firstDid + lastDid, firstDid + lastDid + 1: firstDid + lastDid + 1, 10_000: firstDid + lastDid + 1} {
		var d deeds
		for i := range n {
			d.add(Action{Text: fmt.Sprint("line ", i)})
			d.add(Action{})
		}
		got := d.actions()
		if len(got) != want {
			t.Errorf("%d lines of %d, want %d", len(got), n, want)
		}
		if n > 0 && (got[0].Text != "line 0" || got[len(got)-1].Text != fmt.Sprint("line ", n-1)) {
			t.Errorf("%q", got)
		}
		if more := n - firstDid - lastDid; more > 0 && (got[firstDid].String() != fmt.Sprintf("... %d more ...", more) || got[firstDid].Kind != ActionMore || got[firstDid].Servers != more) {
			t.Errorf("%q, want %d more", got[firstDid], more)
		}
	}
	var d deeds
	d.add(Action{Text: strings.Repeat("x", 1<<20)})
	if n := len(d.actions()[0].Text); n > maxLine+50 {
		t.Errorf("a line of %d bytes", n)
	}
}

// The record is bounded as a whole, and has the last decisions in their order whatever was
// forgotten.
func TestTheWholeRecordIsBounded(t *testing.T) {
	for name, size := range map[string]func(i int) int{
		"small":                 func(int) int { return 10 },
		"large":                 func(int) int { return 24 },
		"one larger than all":   func(i int) int { return []int{10, 20_000}[i%97/96] },
		"large ones, then none": func(i int) int { return []int{24, 0}[min(i/600, 1)] },
		"larger and larger":     func(i int) int { return i / 10 },
	} {
		var r recorder
		for i := range 2000 {
			did := make([]Action, size(i))
			for j := range did {
				did[j].Text = strings.Repeat("d", maxLine)
			}
			r.add(&Decision{Cause: fmt.Sprint(i), Did: did}, uint64(i))
			all, bytes := r.all(), 0
			for _, d := range all {
				bytes += d.size()
			}
			if bytes > maxRecord && len(all) > 1 || r.bytes != bytes {
				t.Fatalf("%s: %d bytes, %d counted, in %d decisions", name, bytes, r.bytes, len(all))
			}
			if last := all[len(all)-1]; last.Seq != uint64(i+1) || last.Cause != fmt.Sprint(i) {
				t.Fatalf("%s: %+v is the last after %d", name, last.Seq, i)
			}
			if !slices.IsSortedFunc(all, func(a, b Decision) int { return int(a.Seq) - int(b.Seq) }) || all[0].Seq+uint64(len(all)) != uint64(i+2) {
				t.Fatalf("%s: there are gaps", name)
			}
		}
		if n := len(r.all()); name == "small" && n != maxRecord/(10*maxLine) && n != recorded && n < 90 {
			t.Errorf("%s: %d decisions", name, n)
		}
	}
}
