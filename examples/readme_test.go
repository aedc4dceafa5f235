package examples_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// snippet is a block of Go in a document, behind a comment that names its file:
//
//	<!-- examples/agent/agent.go -->
var snippet = regexp.MustCompile("(?s)(?:<!-- (\\S+) -->\n)?```go\n(.*?)```\n")

func TestEachPieceOfGoInTheDocumentsIsCompiled(t *testing.T) {
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, document := range append(documents, "../README.md", "../DESIGN.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range snippet.FindAllStringSubmatch(string(text), -1) {
			found++
			if want := source(t, m[1]); m[2] != want {
				t.Errorf("%s has\n%s\nwhere %s has\n%s", document, m[2], m[1], want)
			}
		}
	}
	if found < 5 {
		t.Errorf("%d pieces of Go were found", found)
	}
}

// source is a file of this module from its imports on.
func source(t *testing.T, file string) string {
	t.Helper()
	if file == "" {
		return "(no comment says which file it is from)\n"
	}
	text, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("\nimport ("))
	return "import (" + string(text)
}
