//go:build browser

package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/browser"
)

// checkers is where testutil/browser/install puts them.
const checkers = "../../.cache/browser/node_modules/"

// checker is the path of a file of a checker.
func checker(t *testing.T, name string) string {
	t.Helper()
	if _, err := os.Stat(checkers + name); err != nil {
		t.Fatalf("a checker is missing: run testutil/browser/install: %v", err)
	}
	return checkers + name
}

// validate has the checker of the W3C read files, as HTML or, by their names, as CSS.
func validate(t *testing.T, files ...string) (errors []string) {
	t.Helper()
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatalf("no Java: run testutil/browser/install: %v", err)
	}
	var out bytes.Buffer
	check := exec.Command(java, append([]string{"-jar", checker(t, "vnu-jar/build/dist/vnu.jar"), "--also-check-css", "--format", "json"}, files...)...)
	check.Stderr = &out
	failed := check.Run() // also where there are errors
	var answer struct {
		Version  string
		Messages []struct{ Type, SubType, URL, Message, Extract string }
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || answer.Version == "" {
		t.Fatalf("the checker said %q: %v, %v", out.String(), err, failed)
	}
	for _, m := range answer.Messages {
		if m.Type != "info" || m.SubType == "warning" {
			errors = append(errors, fmt.Sprintf("%s: %s: %s: %q", filepath.Base(m.URL), m.Type, m.Message, m.Extract))
		}
	}
	return errors
}

// write writes a file for a checker.
func write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func isValid(t *testing.T, b *browser.Browser) {
	p := open(t, b, show(t, some()), desk)
	do(t, p, openAll)
	// Widths and places are set by script. What has a role in a table says so, because a narrow
	// screen shows cards, of which the checker knows nothing.
	made := write(t, "made.html", "<!DOCTYPE html>"+eval[string](t, p, `document.documentElement.outerHTML.
		replace(/ style="[^"]*"/g, "").replace(/ role="(table|row|rowgroup|columnheader|rowheader|cell)"/g, "")`))
	const page = "../../proxy/status/page/"
	styles, err := filepath.Glob(page + "*.css")
	if err != nil || len(styles) == 0 {
		t.Fatalf("%d style sheets, %v", len(styles), err)
	}
	if wrong := validate(t, append(styles, page+"index.html", made)...); len(wrong) > 0 {
		t.Errorf("%d errors, the first of them %q", len(wrong), wrong[:min(len(wrong), 8)])
	}
	wrong := validate(t, write(t, "wrong.html", "<!DOCTYPE html><title>x</title><p role=none-such>"), write(t, "wrong.css", "p { colour: red }"))
	if len(wrong) < 2 {
		t.Errorf("the checker finds only %q wrong in what is wrong", wrong)
	}
}

func isAccessible(t *testing.T, b *browser.Browser) {
	axe, err := os.ReadFile(checker(t, "axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	a := startAgent(t)
	a.kill(t)
	failover, much, nothing := show(t, a.proxy), show(t, some()), show(t, source{})
	for name, test := range map[string]struct {
		url  string
		look browser.Look
	}{
		"by day":            {failover, desk},
		"by night":          {failover, browser.Look{Dark: true}},
		"on a phone":        {failover, phone},
		"much":              {much, desk},
		"much by night":     {much, browser.Look{Dark: true}},
		"nothing":           {nothing, desk},
		"nothing, by night": {nothing, browser.Look{Dark: true}},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, b, test.url, test.look)
			do(t, p, openAll)
			do(t, p, string(axe))
			found := violations(t, p)
			for _, v := range found.Violations {
				t.Errorf("%s: %s: %q", v.ID, v.Help, v.Nodes[:min(len(v.Nodes), 3)])
			}
			if found.Passes < 20 {
				t.Errorf("only %d rules were looked at", found.Passes)
			}
			if name != "nothing" {
				return
			}
			do(t, p, `document.body.append(document.createElement("button"))`)
			if again := violations(t, p); len(again.Violations) == 0 {
				t.Error("a button without a name is found accessible")
			}
		})
	}
}

type found struct {
	Passes     int
	Violations []struct {
		ID, Help string
		Nodes    []string
	}
}

func violations(t *testing.T, p *browser.Page) found {
	t.Helper()
	return eval[found](t, p, `axe.run().then(all => ({
		Passes: all.passes.length,
		Violations: all.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(node => node.html + " " + node.failureSummary)})),
	}))`)
}
