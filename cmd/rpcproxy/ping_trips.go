package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// trips are the round trips of pings to one server.
type trips struct {
	connect time.Duration   // until the first answer
	took    []time.Duration // of the pings after it
	err     error           // of the last ping; nil: it was answered, or not waited for
	unknown bool            // not even the first was waited for
}

// printTrips writes one line per server, in the order given.
func printTrips(w io.Writer, servers []messages.Server, results []trips, count int) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SERVER\tANSWERED\tCONNECT\tBEST\tMEAN\tWORST")
	for i, t := range results {
		fmt.Fprintf(table, "%s\t%d/%d\t%s\n", servers[i], len(t.took), count, strings.Join(t.columns(), "\t"))
	}
	return table.Flush()
}

// printTripsJSON writes one object: a list of the servers, in the order given. Times are in
// milliseconds.
func printTripsJSON(w io.Writer, servers []messages.Server, results []trips, count int) error {
	type line struct {
		Addr    string    `json:"addr"`
		Sent    int       `json:"sent"`
		Took    []float64 `json:"round_trips_ms"`
		Connect float64   `json:"connect_ms"`
		Error   string    `json:"error,omitempty"`
	}
	out := struct {
		Servers []line `json:"servers"`
	}{[]line{}}
	for i, t := range results {
		l := line{Addr: servers[i].Addr, Sent: count, Took: []float64{}, Connect: inMS(t.connect)}
		for _, d := range t.took {
			l.Took = append(l.Took, inMS(d))
		}
		if t.err != nil {
			l.Error = reason(t.err)
		}
		out.Servers = append(out.Servers, l)
	}
	return writeJSON(w, out, "")
}

// inMS is d in milliseconds, to the microsecond.
func inMS(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// columns are those from CONNECT on, and the reason of a ping without an answer.
func (t trips) columns() []string {
	connect, best, mean, worst := "-", "-", "-", "-"
	if !t.unknown && t.err == nil || len(t.took) > 0 {
		connect = brief(t.connect)
	}
	if n := len(t.took); n > 0 {
		var sum time.Duration
		for _, d := range t.took {
			sum += d
		}
		best, mean, worst = brief(slices.Min(t.took)), brief(sum/time.Duration(n)), brief(slices.Max(t.took))
	}
	row := []string{connect, best, mean, worst}
	if t.err != nil {
		row = append(row, reason(t.err))
	}
	return row
}

// brief is d without insignificant digits.
func brief(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// reason is the phase and the cause of err, without the server.
func reason(err error) string {
	if d, ok := errors.AsType[*pool.DialError](err); ok {
		return fmt.Sprintf("%s: %s", d.Phase, d.Cause())
	}
	if c, ok := errors.AsType[*pool.CallError](err); ok {
		return fmt.Sprintf("%s: %s", c.Phase, c.Cause())
	}
	return contain.Text(err)
}
