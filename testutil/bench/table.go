package main

import (
	"fmt"
	"io"
	"strings"
)

// table writes results for people, one line for each result.
type table struct {
	w     io.Writer
	begun bool
	notes []string
}

// column is one column of the table.
type column struct {
	title string
	width int
	cell  func(*Result) string
}

var columns = []column{
	{"work", 24, func(r *Result) string { return r.Work }},
	{"ours", 8, func(r *Result) string { return duration(r.OursNS) }},
	{"baseline", 8, func(r *Result) string { return duration(r.BaselineNS) }},
	{"floor", 8, func(r *Result) string { return duration(r.FloorNS) }},
	{"of baseline", 17, func(r *Result) string { return ratio(r.RatioToBaseline, r.RatioToBaselineMin, r.RatioToBaselineMax) }},
	{"same server", 11, func(r *Result) string { return ratio(r.SameServerRatioToBaseline, nil, nil) }},
	{"of floor", 19, func(r *Result) string { return ratio(r.RatioToFloor, r.RatioToFloorMin, r.RatioToFloorMax) }},
	{"p99 ours/base/floor", 24, p99s},
	{"allocs", 9, func(r *Result) string { return pair(r.Allocs, r.BaselineAllocs) }},
	{"bytes", 13, func(r *Result) string { return pair(r.Bytes, r.BaselineBytes) }},
}

// The last column of works, and of the points of curves.
var (
	holds = column{"goroutines", 10, func(r *Result) string { return pair(r.Goroutines, r.BaselineGoroutines) }}
	grows = column{"growth", 15, growth}
)

// row writes one result.
func (t *table) row(r *Result) {
	last := holds
	if r.Curve != "" {
		last = grows
	}
	if !t.begun {
		t.begun = true
		t.line(last, func(c column) string { return c.title })
	}
	t.line(last, func(c column) string { return c.cell(r) })
	if r.Note != "" {
		t.notes = append(t.notes, r.Work+": "+r.Note)
	}
}

// line writes the first column to the left and the others to the right.
func (t *table) line(last column, cell func(column) string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s", columns[0].width, cell(columns[0]))
	for _, c := range columns[1:] {
		fmt.Fprintf(&b, "  %*s", c.width, cell(c))
	}
	fmt.Fprintf(&b, "  %*s", last.width, cell(last))
	_, _ = fmt.Fprintln(t.w, strings.TrimRight(b.String(), " "))
}

// legend explains the columns and prints the notes of single rows.
func (t *table) legend() {
	_, _ = fmt.Fprint(t.w, legend)
	for _, n := range t.notes {
		_, _ = fmt.Fprintln(t.w, n)
	}
}

const legend = `
Times are of one operation: that of a round over what was done in it, the median of
the rounds. Ratios are medians of those within a round, with the least and the
most. allocs and bytes are of one operation at both its ends, ours/baseline; of
memory/..., what one idle thing holds.

find       baseline: the first of a list behind a lock. No lock of package sync is
           used in this module, so it is one made of an atomic value; beside
           a mutex the proxy is measured in testutil/peers (make bench).
           floor: one atomic load of a pointer to the server
tell, ask  floor: a bare channel with a goroutine at its end
call       transport/size/callers; the message is a map with so many
           bytes in it, or a heartbeat. ours: the pool, against a server of testutil.
           baseline: net-rpc-msgpackrpc over pooled yamux streams, against net/rpc.
           same server: ours against that, of the baseline's time.
           floor: the same bytes there and back on a connection per caller
notice, heartbeat, rebalance
           name/servers, through the mailbox of the list's owner.
           floor: there and back on a bare channel
memory     proxy: without a connection. session: the client's side, without the
           socket; baseline: a yamux session with one pooled stream
`

// duration formats nanoseconds with three significant digits.
func duration(ns *float64) string {
	switch {
	case ns == nil:
		return "-"
	case *ns < 10:
		return fmt.Sprintf("%.2fns", *ns)
	case *ns < 1000:
		return fmt.Sprintf("%.0fns", *ns)
	case *ns < 100e3:
		return fmt.Sprintf("%.1fµs", *ns/1e3)
	case *ns < 1e6:
		return fmt.Sprintf("%.0fµs", *ns/1e3)
	default:
		return fmt.Sprintf("%.1fms", *ns/1e6)
	}
}

func ratio(median, least, most *float64) string {
	switch {
	case median == nil:
		return "-"
	case least == nil:
		return fmt.Sprintf("%.2f", *median)
	default:
		return fmt.Sprintf("%.2f (%.2f..%.2f)", *median, *least, *most)
	}
}

func p99s(r *Result) string {
	if r.OursP99NS == nil {
		return "-"
	}
	return fmt.Sprintf("%s/%s/%s", duration(r.OursP99NS), duration(r.BaselineP99NS), duration(r.FloorP99NS))
}

func pair(of, base *float64) string {
	switch {
	case of == nil:
		return "-"
	case base == nil:
		return number(*of)
	default:
		return number(*of) + "/" + number(*base)
	}
}

// number has a digit after the point if it is below ten.
func number(n float64) string {
	if n > -10 && n < 10 && n != float64(int(n)) {
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

func growth(r *Result) string {
	if r.RatioToFirst == nil {
		return ""
	}
	return fmt.Sprintf("×%.2f (%.2f)", *r.RatioToFirst, *r.RatioToLinear)
}
