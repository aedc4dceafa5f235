package script

import (
	"slices"
	"strings"
	"time"
)

// Policies are the names of the policies, in the order in which tables show them.
var Policies = []string{"shuffle", "rendezvous", "seat", Stock}

// Stock is the policy that is there to compare with. No expectation is about it, unless
// it says so.
const Stock = "stock"

// Expect says what a figure must be.
type Expect struct {
	Figure Figure
	Op     string // <=, <, >=, >, =
	Value  Value
	Within int           // percent that an equal one may differ; 0: none
	After  time.Duration // the figure is that of the run from here on
	Before time.Duration // and up to here; 0: its end
	Of     []string      // the policies that it is about; nil: all but stock
}

// Value is what a figure is compared with.
type Value struct {
	Policy  string // the same figure of this policy; empty: Number or Time
	Number  Number
	Percent bool // Number is percent of the clients
	Time    time.Duration
}

var operators = []string{"<=", "<", ">=", ">", "="}

func (w *words) expect() Statement {
	var e Expect
	e.Figure = w.figure()
	e.Op = w.one(operators...)
	e.Value = w.value(e.Figure)
	w.options(map[string]func(){
		"within": func() { e.Within = w.percent() },
		"after":  func() { e.After = w.span(time.Nanosecond) },
		"before": func() { e.Before = w.span(time.Nanosecond) },
		"of":     func() { e.Of = w.policies() },
	}, "within", "after", "before", "of")
	switch {
	case e.Within > 0 && e.Op != "=":
		w.fail("within", "only behind =", "write = in place of "+e.Op+", or leave it out")
	case e.Before > 0 && e.Before <= e.After:
		w.fail(ShowSpan(e.Before), "before is not later than after", "write a time later than "+ShowSpan(e.After))
	case e.After > 0 && !e.Figure.After:
		w.fail(e.Figure.Name, "known only for the whole run", "leave after out")
	case e.Before > 0 && !e.Figure.Until:
		w.fail(e.Figure.Name, "known only up to the end of the run", "leave before out")
	}
	if e.Value.Policy != "" && slices.Contains(e.Of, e.Value.Policy) {
		w.fail(e.Value.Policy, "compared with itself", "leave it out behind of")
	}
	return e
}

// figure reads the name of one.
func (w *words) figure() Figure {
	names := make([]string, len(w.figures))
	for i, f := range w.figures {
		names[i] = f.Name
	}
	name := w.one(names...)
	return w.figures[max(slices.Index(names, name), 0)]
}

// value reads what a figure is compared with.
func (w *words) value(f Figure) Value {
	if policy := w.maybe(Policies...); policy != "" {
		return Value{Policy: policy}
	}
	if f.Unit == Time {
		return Value{Time: w.span(0)}
	}
	word := w.next("a number, or the policy to compare with")
	number := word
	var v Value
	switch f.Unit {
	case Share:
		number, v.Percent = strings.CutSuffix(word, "%")
	case Rate:
		number = strings.TrimSuffix(word, "/s")
	}
	n, ok := decimal(number)
	if !ok {
		advice := "write a number, or one of " + strings.Join(Policies, ", ")
		if near := Closest(word, Policies); near != "" {
			advice = "write " + near + ", or a number"
		}
		w.fail(word, "neither a number nor a policy", advice)
	}
	v.Number = n
	return v
}

func (e Expect) String() string {
	s := "expect " + e.Figure.Name + " " + e.Op + " " + e.Value.show(e.Figure)
	if e.Within > 0 {
		s += " within " + showPercent(e.Within)
	}
	if e.After > 0 {
		s += " after " + ShowSpan(e.After)
	}
	if e.Before > 0 {
		s += " before " + ShowSpan(e.Before)
	}
	if e.Of != nil {
		s += " of " + strings.Join(e.Of, ", ")
	}
	return s
}

func (v Value) show(f Figure) string {
	switch {
	case v.Policy != "":
		return v.Policy
	case f.Unit == Time:
		return ShowSpan(v.Time)
	case v.Percent:
		return v.Number.String() + "%"
	}
	return v.Number.String()
}

// About reports whether the expectation is about a policy.
func (e Expect) About(policy string) bool {
	if e.Of != nil {
		return slices.Contains(e.Of, policy)
	}
	return policy != Stock && policy != e.Value.Policy
}
