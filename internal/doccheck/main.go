package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	n, err := check(ctx, root, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "doccheck:", err)
		os.Exit(2)
	}
	if n > 0 {
		fmt.Printf("documents: %d places are wrong\n", n)
		os.Exit(1)
	}
	fmt.Println("documents: all is as they say")
}

// checker holds documents against a tree, and counts what is wrong.
type checker struct {
	tree     fs.FS
	known    *known
	out      io.Writer
	breaches int
	read     func(name string) (document, error)
	listing  func(dir, expression string) string // what a program says about an expression that no work may match
}

func (c *checker) breach(d document, line int, format string, args ...any) {
	c.breaches++
	fmt.Fprintf(c.out, "%s:%d: %s\n", d.path, line, fmt.Sprintf(format, args...))
}

func joinFrom(file, target string) string { return path.Join(path.Dir(file), target) }

// check looks at all documents of the repository in root, writes what is wrong, and returns how much it is.
func check(ctx context.Context, root string, out io.Writer) (int, error) {
	tree := os.DirFS(root)
	k, err := learn(tree)
	if err != nil {
		return 0, err
	}
	bin, err := os.MkdirTemp("", "doccheck")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(bin) }()
	p := programsIn{ctx: ctx, root: root, bin: bin}
	if err := p.build("cmd/rpcproxy"); err != nil {
		return 0, err
	}
	if k.flags, err = p.rpcproxyFlags(""); err != nil {
		return 0, err
	}
	c := newChecker(tree, k, out)
	c.listing = p.listing
	names, err := documents(tree)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		d, err := c.read(name)
		if err != nil {
			return 0, err
		}
		c.look(d)
		for _, b := range d.blocks {
			if strings.Contains(b.marks, "check: run") {
				p.run(c, d, b)
			}
		}
	}
	return c.breaches, nil
}

func newChecker(tree fs.FS, k *known, out io.Writer) *checker {
	parsed := map[string]document{}
	return &checker{tree: tree, known: k, out: out, read: func(name string) (document, error) {
		if d, ok := parsed[name]; ok {
			return d, nil
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return document{}, err
		}
		parsed[name] = parse(name, string(content))
		return parsed[name], nil
	}}
}

// look is every check that runs nothing. A changelog names what is gone, and README is where figures are claimed.
func (c *checker) look(d document) {
	c.links(d)
	if d.path == "CHANGELOG.md" {
		return
	}
	c.commands(d)
	c.names(d)
	if d.path == "README.md" {
		c.figures(d)
	}
	if strings.HasPrefix(d.path, "docs/") {
		for _, s := range d.sections() {
			c.nearTables(d, s)
		}
	}
}

// documents are the Markdown files at the top and in docs.
func documents(tree fs.FS) ([]string, error) {
	names, err := fs.Glob(tree, "*.md")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(tree, "docs", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".md" {
			names = append(names, name)
		}
		return err
	})
	return names, err
}
