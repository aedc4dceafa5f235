package examples_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// production is the text of every production file of the module.
func production(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && len(entry.Name()) > 2 && entry.Name()[0] == '.', entry.IsDir() && entry.Name() == "testutil":
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		all.WriteString(read(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestTheLinesThatOperatorsAreToldOfAreLogged looks for each line of the log that is explained to
// operators, in the first column of a table, as a text of the code.
func TestTheLinesThatOperatorsAreToldOfAreLogged(t *testing.T) {
	_, table, _ := strings.Cut(read(t, "../docs/operating.md"), "\n| line | level |")
	table, _, _ = strings.Cut(table, "\n\n")
	code, found := production(t), 0
	for row := range strings.Lines(table) {
		lines, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " | ")
		for _, line := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(lines, -1) {
			found++
			if !strings.Contains(code, `"`+line[1]+`"`) {
				t.Errorf("docs/operating.md explains the line %q, which is not logged", line[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("%d lines were found", found)
	}
}

// TestTheLinesOfFailureModesAreLogged does that for what has blanks in it and is no command.
func TestTheLinesOfFailureModesAreLogged(t *testing.T) {
	page := read(t, "../docs/failure-modes.md")
	code, found := production(t), 0
	for _, line := range regexp.MustCompile("`([a-z]+:? [^`]+)`").FindAllStringSubmatch(strings.Join(strings.Fields(page), " "), -1) {
		if strings.HasPrefix(line[1], "rpcproxy ") || strings.HasPrefix(line[1], "systemctl ") {
			continue
		}
		found++
		if !strings.Contains(code, `"`+line[1]+`"`) {
			t.Errorf("docs/failure-modes.md has the line %q, which is not logged", line[1])
		}
	}
	if found < 8 {
		t.Errorf("%d lines were found", found)
	}
}
