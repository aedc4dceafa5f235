package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// small is a scenario that is run in no time, and of which two lines do not hold.
const small = `# What it is for.
# And a second line.
clients 2k as 40
servers 3
start over 10s
warm 30s
for 1m
at 10s kill 1
at 20s start 1
expect outage <= 1ms of shuffle
expect refused <= stock of seat
expect moves >= 200% before 2s
expect left <= 1s of shuffle
expect out = 0 of stock
`

func compare(t *testing.T, o Options) *Comparison {
	t.Helper()
	s, err := Parse("small", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Compare(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPoliciesAreRunInOrderAndWithThoseThatTheyAreComparedWith(t *testing.T) {
	var last Progress
	var runs string
	c := compare(t, Options{Policies: []Policy{Seated, Shuffle}, Progress: func(p Progress) {
		switch {
		case p.Policy != last.Policy || runs == "":
			runs += p.Policy.String() + " "
		case p.At <= last.At:
			t.Errorf("%v after %v", p.At, last.At)
		}
		if p.At < -30*time.Second || p.At > p.For || p.Runs != 3 || p.Out > 40 {
			t.Errorf("%+v", p)
		}
		last = p
	}})
	if runs != "shuffle seat stock " || last.At != time.Minute || len(c.Runs) != 3 {
		t.Errorf("%s; %+v", runs, last)
	}
}

func TestAFindingSaysWhatWasExpectedAndByHowMuchItFails(t *testing.T) {
	c := compare(t, Options{})
	var found []string
	for _, f := range c.Failed() {
		text := f.String()
		found = append(found, text)
		for _, want := range []string{"small:", f.Policy.String() + ": expect " + f.Figure + " "} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s", text, want)
			}
		}
	}
	all := strings.Join(found, "\n")
	for _, want := range []string{
		`(?m)^small:10, shuffle: expect outage <= 1ms of shuffle: got \d+\.\d+s, wanted 0\.001s, that is \d+\.\d+s \(\d+%\) more$`,
		`(?m)^small:12, rendezvous: expect moves >= 200% before 2s: got \d+, wanted 4,000, that is \d,\d+ \(\d+%\) less$`,
		`(?m)^small:13, shuffle: expect left <= 1s of shuffle: there was none$`,
	} {
		if !regexp.MustCompile(want).MatchString(all) {
			t.Errorf("no %s in\n%s", want, all)
		}
	}
	if strings.Contains(all, "stock:") {
		t.Errorf("stock was not asked for:\n%s", all)
	}
}

func TestACancelledComparisonEndsBeforeTheRunDoes(t *testing.T) {
	s, err := Parse("small", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	seconds := 0
	_, err = Compare(ctx, s, Options{Progress: func(Progress) {
		if seconds++; seconds == 5 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || seconds != 5 {
		t.Errorf("%v after %d s", err, seconds)
	}
}

func TestTheTableFitsAScreenAndTheJSONHasEveryFigure(t *testing.T) {
	var table, first, second bytes.Buffer
	all, _ := ParsePolicies("all")
	c := compare(t, Options{Policies: all})
	for _, err := range []error{c.Table(&table), c.JSON(&first), compare(t, Options{Policies: all}).JSON(&second)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(table.String()) {
		if len(line) > 101 && !strings.HasPrefix(line, "  FAIL  ") {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	for _, want := range []string{
		"small\n  What it is for.\n  And a second line.\n  2,000 clients (40 of them simulated), 3 servers, 1m after a warm-up of 30s, seed 1\n",
		"\n                           shuffle    rendezvous          seat         stock\n", "\nrefused  ", "\n  ok    expect out = 0 of stock\n",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, &table)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("%s\n%s", &first, &second)
	}
	var read any
	if err := json.Unmarshal(first.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	for _, key := range regexp.MustCompile(`"([^"]*)":`).FindAllStringSubmatch(first.String(), -1) {
		if !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(key[1]) && !strings.HasPrefix(key[1], "small") {
			t.Errorf("a key is %s", key[1])
		}
	}
	if !strings.Contains(first.String(), `"outage_p50_seconds": `) || !strings.Contains(first.String(), `"left_seconds": null`) {
		t.Error(&first)
	}
}

func TestUnknownNamesAreAnsweredWithThoseThatThereAre(t *testing.T) {
	for _, c := range []struct {
		given string
		do    func(string) error
		want  string
	}{
		{"outaeg", func(n string) error { _, err := Named(n); return err }, `fleet: no scenario is named "outaeg": write outage`},
		{"x\n", func(n string) error { _, err := Named(n); return err }, `fleet: no scenario is named "x\n": write balancer, boot`},
		{"sheat\x1b", func(n string) error { _, err := ParsePolicies(n); return err }, `fleet: "sheat\x1b" is not a policy: write shuffle`},
	} {
		if err := c.do(c.given); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Error(err)
		}
	}
}

// Where no server is up there is no busiest one, and no limit that it keeps.
func TestNoServerIsNoEvenLoad(t *testing.T) {
	s, err := Parse("dead", []byte("clients 20\nservers 2\nwarm 1m\nfor 1m\nat 10s kill all\n"+
		"expect imbalance <= 2\nexpect imbalance <= 2 after 30s\nexpect imbalance.end <= 2\nexpect even.from <= 1s\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Compare(t.Context(), s, Options{Policies: []Policy{Shuffle}})
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, f := range c.Failed() {
		if f.Known {
			t.Error(f)
		}
		found = append(found, f.Line)
	}
	if !slices.Equal(found, []int{7, 8, 9}) {
		t.Errorf("not known are those of lines %v", found)
	}
}
