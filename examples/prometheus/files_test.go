package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/open-nomad/rpcproxy/testutil"
)

// board is what is looked at of a dashboard of Grafana.
type board struct {
	UID, Title    string
	SchemaVersion int
	Panels        []panel
	Templating    struct{ List []struct{ Name, Type string } }
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Datasource               struct{ Type, UID string }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []struct{ RefID, Expr, LegendFormat string }
}

func dashboard(t *testing.T) (b board) {
	t.Helper()
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b board) expressions() (all []string) {
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	return all
}

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

func readRules(t *testing.T) (all ruleFile) {
	t.Helper()
	text, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func rules(t *testing.T) (all []string) {
	t.Helper()
	for _, group := range readRules(t).Groups {
		for _, rule := range group.Rules {
			all = append(all, rule.Expr)
		}
	}
	return all
}

var variable = regexp.MustCompile(`\$\{?([a-z_]+)`)

// faults are what Grafana would not take, or a reader could not use.
func (b board) faults() (all []string) {
	fault := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if b.UID == "" || b.Title == "" || b.SchemaVersion < 36 || len(b.Panels) == 0 {
		fault("uid %q, title %q, schema %d, %d panels", b.UID, b.Title, b.SchemaVersion, len(b.Panels))
	}
	names := []string{"__rate_interval"}
	for _, v := range b.Templating.List {
		names = append(names, v.Name)
	}
	ids := map[int]bool{}
	for i, p := range b.Panels {
		at := p.GridPos
		switch {
		case ids[p.ID] || p.ID < 1:
			fault("%s: the ID %d is taken or none", p.Title, p.ID)
		case at.X < 0 || at.Y < 0 || at.W < 1 || at.H < 1 || at.X+at.W > 24:
			fault("%s: %+v lies outside the 24 columns", p.Title, at)
		case p.Title == "":
			fault("panel %d has no title", p.ID)
		case p.Type == "row":
		case p.Type != "timeseries" && p.Type != "stat":
			fault("%s: %q is no kind of panel that is used here", p.Title, p.Type)
		case p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0:
			fault("%s: no description, unit or target", p.Title)
		case p.Datasource.Type != "prometheus" || p.Datasource.UID != "${datasource}":
			fault("%s: the data source is not the one that the reader chooses", p.Title)
		}
		ids[p.ID] = true
		for _, other := range b.Panels[:i] {
			o := other.GridPos
			if at.X < o.X+o.W && o.X < at.X+at.W && at.Y < o.Y+o.H && o.Y < at.Y+at.H {
				fault("%s lies on %s", p.Title, other.Title)
			}
		}
		var refs []string
		for _, target := range p.Targets {
			if target.RefID == "" || slices.Contains(refs, target.RefID) || target.LegendFormat == "" {
				fault("%s: a target has no name, or that of another, or no legend", p.Title)
			}
			refs = append(refs, target.RefID)
			for _, m := range variable.FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(names, m[1]) {
					fault("%s: there is no variable %s", p.Title, m[1])
				}
			}
		}
	}
	return all
}

func TestTheDashboardIsOne(t *testing.T) {
	for _, fault := range dashboard(t).faults() {
		t.Error(fault)
	}
}

func TestADashboardThatIsNoneIsNoticed(t *testing.T) {
	for what, harm := range map[string]func(*board){
		"is taken":         func(b *board) { b.Panels[2].ID = b.Panels[1].ID },
		"lies on":          func(b *board) { b.Panels[2].GridPos.X-- },
		"outside":          func(b *board) { b.Panels[5].GridPos.W++ },
		"no title":         func(b *board) { b.Panels[3].Title = "" },
		"no description":   func(b *board) { b.Panels[3].Targets = nil },
		"data source":      func(b *board) { b.Panels[3].Datasource.UID = "mine" },
		"no variable":      func(b *board) { b.Panels[3].Targets[0].Expr = "x{y=~\"$instants\"}" },
		"no name":          func(b *board) { b.Panels[3].Targets[0].RefID = "" },
		"no kind of panel": func(b *board) { b.Panels[3].Type = "graf" },
		"0 panels":         func(b *board) { b.Panels = nil },
	} {
		b := dashboard(t)
		harm(&b)
		if found := b.faults(); !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, what) }) {
			t.Errorf("%s: %q", what, found)
		}
	}
}

func TestEachAlertSaysWhatItIs(t *testing.T) {
	seen := map[string]bool{}
	for _, group := range readRules(t).Groups {
		for _, r := range group.Rules {
			if r.Alert == "" || seen[r.Alert] || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%+v: a name of its own, severity, summary and description are needed", r)
			}
			seen[r.Alert] = true
		}
	}
	if len(seen) < 5 {
		t.Errorf("%d alerts", len(seen))
	}
}

// Prometheus' own tool reads the rules and runs their tests, and reads each expression of the dashboard.
func TestPrometheusTakesTheRules(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		testutil.Unable(t, err)
	}
	text := []byte("groups:\n  - name: dashboard\n    rules:\n")
	put := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*")
	for i, e := range dashboard(t).expressions() {
		text = fmt.Appendf(text, "      - record: panel:%d\n        expr: %q\n", i, put.Replace(e))
	}
	panels := filepath.Join(t.TempDir(), "panels.yml")
	if err := os.WriteFile(panels, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"check", "rules", panels}, {"test", "rules", "alerts_test.yml"}} {
		if said, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v: %s", strings.Join(args, " "), err, said)
		}
	}
}
