package fleet

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/script"
)

// comparisonJSON is a comparison as JSON has it.
type comparisonJSON struct {
	Scenario     string       `json:"scenario"`
	About        string       `json:"about"`
	Clients      int          `json:"clients"`
	Simulated    int          `json:"simulated"`
	Servers      int          `json:"servers"`
	Seed         uint64       `json:"seed"`
	Warm         float64      `json:"warm_seconds"`
	For          float64      `json:"run_seconds"`
	Runs         []runJSON    `json:"runs"`
	Expectations []resultJSON `json:"expectations"`
	Held         bool         `json:"held"`
	Interrupted  bool         `json:"interrupted"`
}

type runJSON struct {
	Policy  string  `json:"policy"`
	Until   float64 `json:"until_seconds"`
	Figures ordered `json:"figures"`
}

type resultJSON struct {
	Line     int           `json:"line"`
	Text     string        `json:"text"`
	Judged   bool          `json:"judged"`
	Held     bool          `json:"held"`
	Findings []findingJSON `json:"findings"`
}

type findingJSON struct {
	Policy string   `json:"policy"`
	Figure string   `json:"figure"`
	Got    *float64 `json:"got"`
	Wanted float64  `json:"wanted"`
	By     *float64 `json:"by"`
	Text   string   `json:"text"`
}

// ordered is an object whose keys have an order.
type ordered []member

type member struct {
	key   string
	value *float64 // nil: there is none
}

// MarshalJSON writes the keys in their order.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, m := range o {
		b.WriteByte("{,"[min(i, 1)])
		for j, part := range []any{m.key, m.value} {
			text, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			if j == 1 {
				b.WriteByte(':')
			}
			b.Write(text)
		}
	}
	if len(o) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// JSON writes the comparison as one JSON object: what was run, every figure by policy (of
// the whole fleet, times in seconds; null where there was nothing that it could be about), and
// what became of the expectations. An interrupted comparison says so, and holds not; its last
// run ends before run_seconds, and there is none of a policy whose warm-up was not over. Keys are in a fixed order. The error is w's.
func (c *Comparison) JSON(w io.Writer) error {
	s, cfg := c.Scenario, c.Scenario.Config.withDefaults()
	out := comparisonJSON{
		Scenario: s.Name, About: s.About, Clients: cfg.Nodes, Simulated: cfg.Agents, Servers: cfg.Servers, Seed: c.Seed,
		Warm: cfg.Warm.Seconds(), For: cfg.For.Seconds(), Runs: []runJSON{}, Expectations: []resultJSON{},
		Held: len(c.Failed()) == 0 && !c.Cut, Interrupted: c.Cut,
	}
	for _, r := range c.Runs {
		run := runJSON{Policy: r.Policy.String(), Until: r.Until.Seconds()}
		for _, f := range vocabulary {
			v, known := r.figure(f, 0, 0)
			run.Figures = append(run.Figures, member{keyOf(f), orNull(v, known)})
		}
		out.Runs = append(out.Runs, run)
	}
	for _, r := range c.Results {
		result := resultJSON{Line: r.Line, Text: r.Text, Judged: r.Judged, Held: r.Judged && len(r.Findings) == 0, Findings: []findingJSON{}}
		for _, f := range r.Findings {
			result.Findings = append(result.Findings, findingJSON{
				Policy: f.Policy.String(), Figure: f.Figure, Got: orNull(f.Got, f.Known), Wanted: f.Wanted, By: orNull(f.By, f.Known), Text: f.String(),
			})
		}
		out.Expectations = append(out.Expectations, result)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// keyOf is the key of a figure: outage_p50_seconds, conns_per_s_per_server.
func keyOf(f script.Figure) string {
	key := strings.NewReplacer("/", "_per_", ".", "_").Replace(f.Name)
	if f.Unit == script.Time {
		key += "_seconds"
	}
	return key
}

func orNull(v float64, is bool) *float64 {
	if !is {
		return nil
	}
	return &v
}
