package examples_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// snippet is a block of Go in a document, behind a comment that names its file:
//
//	<!-- examples/agent/agent.go -->
//	```go
//	...
//	```
type snippet struct {
	line int    // of its first fence
	file string // empty: the block is written in another way and cannot be compared
	code string
}

var (
	named = regexp.MustCompile(`^<!-- (\S+) -->$`)
	// fence is what opens a block, also in a list or a quotation: the fence, the rest of the line.
	fence = regexp.MustCompile("^(?:[ \t>]|[-*+][ \t]|[0-9]+[.)][ \t])*(?:(`{3,})([^`]*)|(~{3,})(.*))$")
	// goLine is a line that begins a piece of Go, where a block does not say what it is.
	goLine = regexp.MustCompile(`^\s*(package \w+|import [("]|func [(\w]|type \w+ (struct|interface)|[\w, ]+ := )`)
)

// snippets are the blocks of a document that look like Go.
func snippets(text string) (found []snippet) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		opened := fence.FindStringSubmatch(lines[i])
		if opened == nil {
			continue
		}
		first, mark, info := i, opened[1]+opened[3], opened[2]+opened[4]
		for i++; i < len(lines) && !closes(lines[i], mark); i++ {
		}
		body := lines[min(first+1, len(lines)):min(i, len(lines))]
		if !looksLikeGo(info, body) {
			continue
		}
		s := snippet{line: first + 1, code: strings.Join(append(slices.Clone(body), ""), "\n")}
		if first > 0 && lines[first] == "```go" && i < len(lines) {
			if m := named.FindStringSubmatch(lines[first-1]); m != nil {
				s.file = m[1]
			}
		}
		found = append(found, s)
	}
	return found
}

// closes reports whether a line ends the block that the mark began.
func closes(line, mark string) bool {
	line = strings.TrimLeft(strings.TrimSpace(line), "> \t")
	return strings.HasPrefix(line, mark) && strings.Trim(line, mark[:1]) == ""
}

func looksLikeGo(info string, body []string) bool {
	words := strings.FieldsFunc(strings.ToLower(info), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return slices.ContainsFunc(body, goLine.MatchString)
	}
	return slices.Contains(words, "go") || slices.Contains(words, "golang")
}

func TestEachPieceOfGoInTheDocumentsIsCompiled(t *testing.T) {
	found := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == ".cache"):
			return filepath.SkipDir
		case !strings.EqualFold(filepath.Ext(path), ".md"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range snippets(string(text)) {
			found++
			if err := compare(s); err != nil {
				t.Errorf("%s:%d: %v", path, s.line, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 5 {
		t.Errorf("%d pieces of Go were found", found)
	}
}

// compare returns why a snippet is not what its file has from its imports on.
func compare(s snippet) error {
	if s.file == "" {
		return fmt.Errorf("this block of Go is compared with no file: write <!-- its file --> above, ```go and ```, without indentation\n%s", s.code)
	}
	text, err := os.ReadFile(filepath.Join("..", s.file))
	if err != nil {
		return err
	}
	_, text, _ = bytes.Cut(text, []byte("\nimport ("))
	if want := "import (" + string(text); s.code != want {
		return fmt.Errorf("the document has\n%s\nwhere %s has\n%s", s.code, s.file, want)
	}
	return nil
}

func TestGoIsFoundHoweverItIsFenced(t *testing.T) {
	const code = "\nx := 1\n"
	for _, block := range []string{
		"```go" + code + "```",                  // no file is named
		"<!-- a.go -->\n\n```go" + code + "```", // not right above
		"<!-- a.go -->\n```golang" + code + "```",
		"<!-- a.go -->\n```Go" + code + "```",
		"<!-- a.go -->\n``` go" + code + "```",
		"<!-- a.go -->\n```go title=\"a\"" + code + "```",
		"<!-- a.go -->\n```{.go .numbered}" + code + "```",
		"<!-- a.go -->\n```go,linenos" + code + "```",
		"<!-- a.go -->\n```go\r" + code + "```",
		"<!-- a.go -->\n````go" + code + "````",
		"<!-- a.go -->\n~~~go" + code + "~~~",
		"~~~go `a`" + code + "~~~",
		"<!-- a.go -->\n  ```go" + code + "  ```",
		"<!-- a.go -->\n\t```go" + code + "\t```",
		"- ```go" + code + "  ```",
		"2. ```go" + code + "   ```",
		"> ```go\n> x := 1\n> ```",
		"<!-- a.go -->\n```go" + code, // never closed
		"```" + code + "```",
		"```\nfunc main() {}\n```",
		"~~~\npackage main\n~~~",
	} {
		text := "```\n$ make demo\n```\n" + block + "\n"
		if found := snippets(text); len(found) != 1 || found[0].file != "" {
			t.Errorf("%q: %+v", block, found)
		}
	}
	for _, block := range []string{
		"```\n$ go test ./...\n```", "```sh\nx := 1\n```", "Use ```go``` here.", "````markdown\n```go\n```\n````", "```json\n{}\n```",
	} {
		if found := snippets(block); len(found) > 0 {
			t.Errorf("%q: %+v", block, found)
		}
	}
	want := snippet{line: 3, file: "a.go", code: "x := 1\n"}
	if found := snippets("A\n<!-- a.go -->\n```go" + code + "```\nB"); len(found) != 1 || found[0] != want {
		t.Errorf("%+v, want %+v", found, want)
	}
}
