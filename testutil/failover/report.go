package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Clients of the table.
const (
	clientOurs    = "ours"
	clientStock   = "stock"
	clientSidecar = "sidecar" // a stock agent behind a sidecar
)

// clientKinds are they in the order in which they stand in it.
var clientKinds = []string{clientOurs, clientStock, clientSidecar}

// held are the kinds of clients that the limits hold for.
var held = []string{clientOurs, clientSidecar}

// judged is a kind of client without the time in which the machine did not run the
// processes. It stands in no table: the limits hold for it.
func judged(kind string) string { return kind + ", judged" }

// table writes the rows as a table.
func table(w io.Writer, rows []row) error {
	var b strings.Builder
	b.WriteString("| fault | client | n | late p50 / p90 / max | late again | longest gap | failed calls | missed | agents per server afterwards | the way back |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		var loads []string
		for _, l := range r.loads {
			text := strings.ReplaceAll(strings.Trim(fmt.Sprint(l), "[]"), " ", "/")
			if crowded(l) {
				text += " (!)"
			}
			loads = append(loads, text)
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s / %s / %s s | %d | %.1f s | %d | %d | %s | %s |\n",
			r.fault, r.client, r.n, brief(r.p50), brief(r.p90), brief(r.most), r.again, r.gap.Seconds(), r.failed, r.missed, strings.Join(loads, ", "), r.back)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// brief is a number of seconds: what is next to nothing is 0.
func brief(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 0.005:
		return "0"
	case s < 10:
		return fmt.Sprintf("%.2f", s)
	default:
		return fmt.Sprintf("%.1f", s)
	}
}

// figures is a row in JSON.
type figures struct {
	Fault     string  `json:"fault"`
	Client    string  `json:"client,omitempty"` // empty: ours
	N         int     `json:"n"`
	P50       float64 `json:"late_p50_s"`
	P90       float64 `json:"late_p90_s"`
	Max       float64 `json:"late_max_s"`
	Gap       float64 `json:"gap_max_s"`
	Failed    int     `json:"failed,omitempty"`
	Missed    int     `json:"missed"`
	Again     int     `json:"late_again,omitempty"`
	PerServer [][]int `json:"per_server,omitempty"`
	Back      *ways   `json:"way_back,omitempty"`
}

// ways is back in JSON.
type ways struct {
	Moves   int `json:"moves"`
	Calls   int `json:"calls"`
	Failed  int `json:"calls_failed"`
	NoPath  int `json:"without_session"`
	Follows int `json:"follows"`
	Cut     int `json:"follows_cut"`
	Most    int `json:"sessions_max"`
}

// lines writes the rows as JSON, one per line.
func lines(w io.Writer, rows []row) error {
	out := json.NewEncoder(w)
	for _, r := range rows {
		f := figures{
			Fault: r.fault, N: r.n, P50: seconds(r.p50), P90: seconds(r.p90), Max: seconds(r.most),
			Gap: seconds(r.gap), Failed: r.failed, Missed: r.missed, Again: r.again, PerServer: r.loads,
		}
		if b := r.back; b != nil {
			f.Back = &ways{
				Moves: b.moves, Calls: b.calls, Failed: b.failed, NoPath: b.noPath,
				Follows: b.follows, Cut: b.cut, Most: b.sessions,
			}
		}
		if r.client != clientOurs {
			f.Client = r.client
		}
		if err := out.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// seconds is d rounded to a millisecond.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}
