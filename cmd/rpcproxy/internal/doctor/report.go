package doctor

import (
	"fmt"
	"io"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Report is what is to be said. Its texts are printable.
type Report struct {
	OK      bool  `json:"ok"` // there is no finding
	Servers []Row `json:"servers"`
}

// Row is what is to be said about one server, or about this side, whose certificates no
// server has.
type Row struct {
	Server   string    `json:"server"` // host:port; of this side "here"
	Given    bool      `json:"given"`  // else it is one that another server has named
	Checks   []Check   `json:"checks"`
	Findings []Finding `json:"findings"` // the first one is the lowest layer
}

// Check is a layer that was looked at.
type Check struct {
	Layer string `json:"layer"`
	OK    bool   `json:"ok"`
	Text  string `json:"text,omitempty"` // the figure, or what it is
}

// Finding is something that is amiss, and what to do about it.
type Finding struct {
	Layer string `json:"layer"`
	What  string `json:"what"`
	Fix   string `json:"fix"`
}

// good adds a layer that works. format says what it is.
func (r *Row) good(layer, format string, args ...any) {
	r.Checks = append(r.Checks, Check{Layer: layer, OK: true, Text: printable.Text(fmt.Sprintf(format, args...))})
}

// bad adds a layer that does not.
func (r *Row) bad(layer, fix, format string, args ...any) {
	if n := len(r.Checks); n == 0 || r.Checks[n-1] != (Check{Layer: layer}) {
		r.Checks = append(r.Checks, Check{Layer: layer})
	}
	r.Findings = append(r.Findings, Finding{Layer: layer, What: printable.Text(fmt.Sprintf(format, args...)), Fix: printable.Text(fix)})
}

// Findings is how many there are.
func (r *Report) Findings() (n int) {
	for _, row := range r.Servers {
		n += len(row.Findings)
	}
	return n
}

// Text writes the report for people: a line for each server with its layers, and the first
// finding in it; further findings below, each on a line.
func (r *Report) Text(w io.Writer) error {
	width := 0
	for _, row := range r.Servers {
		width = max(width, len([]rune(row.Server)))
	}
	var b strings.Builder
	for _, row := range r.Servers {
		line := fmt.Sprintf("%-*s", width, row.Server)
		rest := row.Findings
		for _, c := range row.Checks {
			switch {
			case c.OK:
				line += strings.TrimRight("  "+c.Layer+" "+c.Text, " ")
			case len(rest) == len(row.Findings):
				line += "  " + rest[0].text()
				rest = rest[1:]
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		for _, f := range rest {
			fmt.Fprintf(&b, "%*s  %s\n", width, "", f.text())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f Finding) text() string { return f.Layer + " FAIL " + f.What + " -> " + f.Fix }
