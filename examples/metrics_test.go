package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// collected are the metrics of proxy/plugin/prom, without its namespace, as its code names them. It is a module of
// its own, so a test of it would not be run again when a document changes.
func collected(t *testing.T) (names []string) {
	files, err := filepath.Glob("../proxy/plugin/prom/*.go")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?:desc\(|Name: |histogram\()"([a-z0-9_]+)"`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(read(t, file), -1) {
			names = append(names, m[1])
		}
	}
	if len(names) < 20 {
		t.Fatalf("the code names %q", names)
	}
	return names
}

func read(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheMetricsThatDocumentsNameAreThere(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	known, found := collected(t), 0
	for _, file := range append(files, "prometheus/alerts.yml") {
		for _, m := range regexp.MustCompile(`\brpcproxy_([a-z][a-z0-9_]+)`).FindAllStringSubmatch(read(t, file), -1) {
			found++
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s names rpcproxy_%s, which no collector has", file, m[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("%d names were found", found)
	}
}

func TestEachMetricIsInTheTable(t *testing.T) {
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(read(t, "../docs/observe.md"), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			listed = append(listed, strings.Trim(name, "`"))
		}
	}
	for _, name := range collected(t) {
		if !slices.Contains(listed, name) {
			t.Errorf("docs/observe.md does not list %s", name)
		}
	}
}

// TestTheRunbookHasEachAlert compares the rules with the page that says what to do about them.
func TestTheRunbookHasEachAlert(t *testing.T) {
	var rules, rows []string
	for _, m := range regexp.MustCompile(`(?m)^      - alert: (\w+)$`).FindAllStringSubmatch(read(t, "prometheus/alerts.yml"), -1) {
		rules = append(rules, m[1])
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(Rpcproxy\\w+)` \\|").FindAllStringSubmatch(read(t, "../docs/operating.md"), -1) {
		rows = append(rows, m[1])
	}
	if len(rules) == 0 || !slices.Equal(rules, rows) {
		t.Errorf("the rules are %q, the page has %q", rules, rows)
	}
}
