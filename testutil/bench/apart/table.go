package apart

import (
	"fmt"
	"io"
	"strings"
)

// Table writes results for people: a block of lines for each row, a line for each client. It fits
// 96 columns.
type Table struct {
	W     io.Writer
	begun bool
	far   bool // the last row was
	long  bool // one of the rows was
	cpus  string
}

type column struct {
	title string
	width int // negative: to the left
	cell  func(f Figures) string
}

var columns = []column{
	{"", -8, func(f Figures) string { return "  " + f.Client }},
	{"time", 7, func(f Figures) string { return duration(f.NS) }},
	{"of stock", 16, func(f Figures) string { return f.ToStock.whole() }},
	{"CPU", 7, func(f Figures) string { return optional(f.CPUNS) }},
	{"of stock", 16, func(f Figures) string { return f.CPUToStock.whole() }},
	{"p99", 7, func(f Figures) string { return duration(f.P99NS) }},
	{"of it", 5, func(f Figures) string { return f.P99ToStock.short() }},
	{"allocs", 6, func(f Figures) string { return fmt.Sprintf("%.1f", f.Allocs) }},
	{"peak", 8, func(f Figures) string { return memory(f.PeakBytes) }},
}

// farColumns are those of rows over a long way.
var farColumns = []column{
	{"", -8, func(f Figures) string { return "  " + f.Client }},
	{"time", 7, func(f Figures) string { return duration(f.NS) }},
	{"of stock", 16, func(f Figures) string { return f.ToStock.whole() }},
	{"speed of floor", 16, func(f Figures) string { return f.SpeedToFloor.whole() }},
	{"p50", 7, func(f Figures) string { return duration(f.P50NS) }},
	{"of idle", 16, func(f Figures) string { return f.P50ToIdle.whole() }},
	{"CPU", 7, func(f Figures) string { return optional(f.CPUNS) }},
	{"peak", 8, func(f Figures) string { return memory(f.PeakBytes) }},
}

// Row writes one result.
func (t *Table) Row(r Result) {
	t.cpus = r.CPUs
	these := columns
	if r.Far {
		these, t.long = farColumns, true
	}
	if !t.begun || t.far != r.Far {
		t.begun, t.far = true, r.Far
		t.line(these, func(c column) string { return c.title })
	}
	_, _ = fmt.Fprintln(t.W, r.Work)
	for _, f := range r.Clients {
		t.line(these, func(c column) string { return c.cell(f) })
	}
}

func (t *Table) line(these []column, cell func(column) string) {
	var b strings.Builder
	for i, c := range these {
		if i > 0 {
			b.WriteByte(' ')
		}
		_, _ = fmt.Fprintf(&b, "%*s", c.width, cell(c))
	}
	_, _ = fmt.Fprintln(t.W, strings.TrimRight(b.String(), " "))
}

// Legend explains the columns, if there was a row.
func (t *Table) Legend() {
	if t.begun {
		_, _ = fmt.Fprintf(t.W, legend, t.cpus)
	}
	if t.long {
		_, _ = fmt.Fprint(t.W, farLegend)
	}
}

const farLegend = `The works far/... are over a relay, of 20 ms there and back and 1 Gbit/s; floor is a bare TCP
connection over the same. "of idle" compares the p50 beside a large call with that without one.
`

const legend = `
Each client is a process of its own, %s. CPU, allocs
and peak memory are the client's, the first two of one call. Ratios are medians of those within a
round, with the least and the most.

  ours    the proxy, with its defaults
  stock   as Nomad's pool: net/rpc's codec on yamux streams, of which two are kept
  joined  stock that keeps every stream and joins what yamux writes
  grpc    grpc-go, with the codec of stock, against a grpc server
  floor   as many bytes there and back on a connection per caller, against an echo
All but the last two call a server of net/rpc over yamux, as Nomad's is.
`

func (r *Ratio) whole() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f-%.2f)", r.Median, r.Min, r.Max)
}

func (r *Ratio) short() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%.2f", r.Median)
}

func optional(ns *float64) string {
	if ns == nil {
		return "-"
	}
	return duration(*ns)
}

// duration formats nanoseconds with three significant digits.
func duration(ns float64) string {
	switch {
	case ns < 99.95e3:
		return fmt.Sprintf("%.1fµs", ns/1e3)
	case ns < 999.5e3:
		return fmt.Sprintf("%.0fµs", ns/1e3)
	case ns < 99.95e6:
		return fmt.Sprintf("%.1fms", ns/1e6)
	default:
		return fmt.Sprintf("%.0fms", ns/1e6)
	}
}

func memory(bytes *int64) string {
	if bytes == nil {
		return "-"
	}
	return fmt.Sprintf("%.1fMiB", float64(*bytes)/(1<<20))
}
