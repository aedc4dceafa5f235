package main

import (
	"strings"
	"testing"
	"time"
)

func sample() []result {
	fine := result{Kind: "tls", Name: "fine", Took: time.Second, Bound: bound{RSS: mebi, Goroutines: 10, Files: 10}}
	bad := fine
	bad.Name, bad.Used = "bad", figures{RSS: 3 * mebi, Goroutines: 11, Files: 12, CPU: time.Second}
	bad.Fault, bad.Left, bad.Open = "it hangs\x1b[2J", 3, 4
	for _, r := range []*result{&fine, &bad} {
		r.judge()
	}
	return []result{fine, bad}
}

func TestEachBoundIsJudged(t *testing.T) {
	results := sample()
	if len(results[0].Breaches) != 0 {
		t.Errorf("%q", results[0].Breaches)
	}
	all := strings.Join(results[1].Breaches, "\n")
	for _, want := range []string{"memory: 3 MiB", "goroutines: 11", "descriptors: 12", "it hangs", "3 goroutines are left", "4 descriptors are left"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

func TestAReportHasTheBreaches(t *testing.T) {
	for name, c := range map[string]struct {
		write func(w *strings.Builder) error
		want  []string
	}{
		"table":    {func(w *strings.Builder) error { return table(w, sample()) }, []string{"tls/fine", `BREACH tls/bad: it does not work afterwards: it hangs\x1b[2J`, "2 scenarios, 1 out of bounds"}},
		"markdown": {func(w *strings.Builder) error { return markdown(w, sample()) }, []string{"| tls | 2 | 3 MiB | 11 | 12 | 1.00 s | 1 of 2 |", "| memory | tls: bad | 3 MiB |"}},
	} {
		var b strings.Builder
		if err := c.write(&b); err != nil {
			t.Error(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q in\n%s", name, want, b.String())
			}
		}
	}
}
