// Command apidiff compares packages of a module with those of another checkout of it, and lists what is new and what
// is incompatible. It fails with status 1 if anything is. It reads what the compiler exports, so each module is loaded
// once; the comparison is that of golang.org/x/exp/apidiff.
//
//	apidiff OLD-DIRECTORY NEW-DIRECTORY PACKAGE...
package main

import (
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/exp/apidiff"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: apidiff OLD-DIRECTORY NEW-DIRECTORY PACKAGE...")
		os.Exit(2)
	}
	broken, err := compare(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "apidiff:", err)
		os.Exit(2)
	}
	if broken {
		os.Exit(1)
	}
}

func compare(before, now string, packages []string) (broken bool, err error) {
	old, err := load(before, packages)
	if err != nil {
		return false, err
	}
	new, err := load(now, packages)
	if err != nil {
		return false, err
	}
	for i, name := range packages {
		report := apidiff.Changes(old[i], new[i])
		if len(report.Changes) == 0 {
			continue
		}
		fmt.Println(name + ":")
		if err := report.Text(os.Stdout); err != nil {
			return false, err
		}
		for _, c := range report.Changes {
			broken = broken || !c.Compatible
		}
	}
	return broken, nil
}

// load reads what the compiler has exported of the packages of a module.
func load(dir string, packages []string) (all []*types.Package, err error) {
	list := exec.Command("go", append([]string{"list", "-deps", "-export", "-f", "{{with .Export}}{{$.ImportPath}} {{.}}{{end}}"}, packages...)...)
	list.Dir, list.Stderr = dir, os.Stderr
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64") // the same everywhere
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: go list: %w", dir, err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			exports[path] = file
		}
	}
	read := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, path := range packages {
		p, err := read.Import(path)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}
