package main

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func Example() {
	tree := fstest.MapFS{"Makefile": {Data: []byte("test:\n\ttrue\n")}}
	k, err := learn(tree)
	if err != nil {
		panic(err)
	}
	c := newChecker(tree, k, os.Stdout)
	c.look(parse("README.md", "# It\n\nSee [how](#how), and run `make tests`."))
	// Output:
	// README.md:3: the link to "#how" names a place that is not there: no heading of README.md makes #how
	// README.md:3: the Makefile has no target tests
}

const source = `// Package pool pools.
package pool

// Config configures.
type Config struct{ Size int }

// New makes one.
func New(Config) { println("pool_size", "RPCPROXY_SIZE", "Node.Register") }
`

const program = `package main

import "flag"

func main() { only := flag.String("only", "", "which"); flag.Parse(); println(*only) }
`

// tree is a small repository.
var tree = fstest.MapFS{
	"Makefile":           {Data: []byte("ROUNDS = 1\n\ntest:\n\tgo test -count $(ROUNDS) ./...\nbench:\n\ttrue\n")},
	"pool/pool.go":       {Data: []byte(source)},
	"pool/pool_test.go":  {Data: []byte("package pool\n\nfunc TestNew(t *testing.T) {}\nfunc BenchmarkNew(b *testing.B) {}\nfunc FuzzTime(f *testing.F) {}\n")},
	"testutil/x/main.go": {Data: []byte(program)},
	"docs/a.md":          {Data: []byte("# A place\n\n## Twice\n\n## Twice\n\n### `Code`, and (more): *here*\n\n<a id=\"own\"></a>\n\n`make bench`\n")},
	"docs/p.png":         {},
}

// said is what is said about a document of that tree.
func said(t *testing.T, name, text string) string {
	t.Helper()
	k, err := learn(tree)
	if err != nil {
		t.Fatal(err)
	}
	k.flags = map[string]map[string]bool{
		"": {"--version": true}, "ping": {"--servers": true, "-t": true}, "discover": {}, "discover dns": {"--ping": true},
	}
	var out strings.Builder
	c := newChecker(tree, k, &out)
	c.listing = func(string, string) string { return "find/1\ncall/tcp" }
	c.look(parse(name, text))
	return out.String()
}

func TestWhatIsRightIsLeftAlone(t *testing.T) {
	const fenced = "```"
	for _, text := range []string{
		"[a](docs/a.md) [b](docs/a.md#twice-1) [c](docs/a.md#a-place) [d](docs/a.md#code-and-more-here) [e](docs/a.md#own) ![p](docs/p.png)",
		"[`code`](docs) `[no](link.md)` [out](https://github.com/x/y) [back](https://github.com/open-nomad/rpcproxy/blob/main/docs/a.md)",
		"[r][1]\n\n[1]: docs/a.md",
		"`make test` `make bench ROUNDS=3` `rpcproxy ping --servers a` `rpcproxy discover dns x --ping` `rpcproxy --version` `--servers`",
		fenced + "\n$ sudo rpcproxy ping -t 3s --servers=a,b 2>&1 | jq '.[] | x' # --no --flags\n--not a command\n" + fenced,
		fenced + "sh\nmake test && A=b make \\\n  bench >out 2>err\ngo test -run '^TestN' -bench New ./pool ./...\n" + fenced,
		fenced + "\n$ go run ./testutil/x -only '^find' -h\n$ go get github.com/open-nomad/rpcproxy/pool@latest\n" + fenced,
		fenced + "\n$ cat <<END >x\nnosuch --thing\nEND\n$ make test\n" + fenced,
		"`pool.Config.Size` `pool.New(x)` `Config.Size` `Node.Register` `slog.Handler` `pool_size` `RPCPROXY_SIZE` `client_auto_join = false`",
		"It takes 3 ms (`make bench`).",
		"It takes 3 ms ([how](#figures)).\n\n## Figures\n\n`make bench`",
		"It takes 3 ms ([how](docs/a.md)).",
		"<!-- check: settings -->\n| a | b |\n| --- | --- |\n| x | 3 ms |",
		"`go run ./testutil/x` says\n\n| a | b |\n| --- | --- |\n| x | 3 ms |",
		"<!-- check: elsewhere -->\n" + fenced + "\n$ theirs --x\n" + fenced,
		"5 servers, 100 agents, version 2.0.6",
		"`TestNew` `BenchmarkNew` `FuzzTime` `go test`",
	} {
		if got := said(t, "README.md", text); got != "" {
			t.Errorf("%s\n%s", text, got)
		}
	}
}

func TestWhatIsWrongIsSaidWithItsLine(t *testing.T) {
	const fenced = "```"
	for text, want := range map[string]string{
		"a\n[b](docs/b.md)":              `:2: the link to "docs/b.md" leads to no file`,
		"[b](docs/a.md#twice-2)":         "names a place that is not there",
		"[b](docs/a.md#A-place)":         "names a place that is not there",
		"[b](docs/p.png#x)":              "names a place in what is no document",
		"[b](/docs/a.md)":                "begins at a root",
		"[b](ftp://github.com/x)":        "is no https",
		"[b](https://user@github.com/x)": "has a user or a port",
		"[b](https://localhost/x)":       "leads to a host that is not listed",
		"<https://127.0.0.1/x>":          "leads to a host that is not listed",
		"[b][1]\n\n[1]: docs/gone.md":    `:3: the link to "docs/gone.md"`,
		"<img src=\"docs/gone.png\">":    "leads to no file",
		"[b](https://github.com/open-nomad/rpcproxy/blob/main/docs/gone.md)": "leads to no file",
		"`make tests`":                                          "has no target tests",
		"`make test ROUND=3`":                                   "has no variable ROUND",
		"`rpcproxy pong`":                                       "has no command pong",
		"`rpcproxy discover dns --pong`":                        "rpcproxy discover dns has no flag --pong",
		fenced + "\nx\n$ rpcproxy ping -x\n" + fenced:           ":3: rpcproxy ping has no flag -x",
		fenced + "sh\nmake test\nmake tests\n" + fenced:         ":3: the Makefile has no target tests",
		"x\n\n    $ make tests\n":                               ":3: the Makefile has no target tests",
		fenced + "\n$ A=b sudo nosuch x\n" + fenced:             `the command "nosuch" is not known`,
		fenced + "\n$ make test | nosuch\n" + fenced:            `the command "nosuch" is not known`,
		fenced + "\n$ go test ./pools\n" + fenced:               "there is no package ./pools",
		fenced + "\n$ go get " + module + "/pools\n" + fenced:   "there is no package",
		fenced + "\n$ go test -run '^TestOld$'\n" + fenced:      "matches nothing",
		fenced + "\n$ go test -bench 'TestNew'\n" + fenced:      "matches nothing",
		fenced + "\n$ go run ./testutil/x -onli x\n" + fenced:   "has no flag -onli",
		fenced + "\n$ go run ./testutil/x -only zz\n" + fenced:  `-only "zz" matches nothing`,
		fenced + "\n$ go run ./testutil/x -only '('\n" + fenced: `-only "("`,
		"x\n`TestOld`":        ":2: there is no test TestOld",
		"`--sarvers`":         "no program here has a flag --sarvers",
		"`pool_seize`":        "nothing here is called pool_seize",
		"`RPCPROXY_SEIZE`":    "nothing reads the variable RPCPROXY_SEIZE",
		"`pool.Old`":          "pool has no Old",
		"`pool.Config.Old`":   "pool.Config has no Old",
		"`Config.Old`":        "Config has no Old",
		"It takes 3 ms.":      `the figure "3 ms." has no command`,
		"It is 0.54 of that.": "has no command",
		"It takes 3 ms.\n\n## Then\n\n`make bench`":                                                                   "has no command",
		"It takes 3 ms ([how](#then)).\n\n## Then\n\n`make x`":                                                        "has no command",
		"It takes 3 ms, `rpcproxy ping`.\n\n| a |\n| --- |\n| 3 ms |\n\nb\n\nc\n\nd\n\ne\n\n| a |\n| --- |\n| 3 ms |": ":15: this table of figures has no command near it",
	} {
		if got := said(t, "README.md", text); !strings.Contains(got, want) {
			t.Errorf("%s\nwants %q, got %q", text, want, got)
		}
	}
}

func TestAnOutputIsComparedLoosely(t *testing.T) {
	for _, c := range []struct {
		want, got string
		same      bool
	}{
		{"a 1 b", "a  22.5 b", true},
		{"a\n...\nz", "a\nb\nc\nz", true},
		{"a\n...", "a\nb", true},
		{"a", "b", false},
		{"a", "a\nb", false},
		{"a\nb", "a", false},
		{"a\n...\nz", "a\nb", false},
		{"a 1 b", "a 1 c", false},
	} {
		if why := differs(strings.Split(c.want, "\n"), strings.Split(c.got, "\n")); (why == "") != c.same {
			t.Errorf("%q, %q: %q", c.want, c.got, why)
		}
	}
}
