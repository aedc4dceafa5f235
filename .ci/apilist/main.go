// Command apilist keeps what the public packages of this repository promise: one file of text for
// each, a line for each exported name, in .ci/api. What the files do not have, or have and is not
// so, fails it. It reads what the compiler exports, so types are whole, and needs no other module.
//
//	go run ./.ci/apilist [-update] MODULE-DIRECTORY...
//
// It fails as well where a name that is exported wants a type that nobody outside can name, and
// where docs/versions.md does not say what is promised for a package.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	module   = "github.com/open-nomad/rpcproxy"
	golden   = ".ci/api"
	promises = "docs/versions.md"
)

func main() {
	update := flag.Bool("update", false, "write the files")
	flag.Parse()
	faults, err := run(*update, flag.Args())
	for _, fault := range faults {
		fmt.Println(fault)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "apilist:", err)
	}
	if err != nil || len(faults) > 0 {
		os.Exit(1)
	}
}

func run(update bool, modules []string) (faults []string, err error) {
	docs, err := os.ReadFile(promises)
	if err != nil {
		return nil, err
	}
	kept := map[string]bool{}
	for _, dir := range modules {
		packages, err := load(dir)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			name := strings.TrimPrefix(p.Path(), module+"/")
			file := filepath.Join(golden, strings.ReplaceAll(name, "/", ".")+".txt")
			kept[file] = true
			l := listing{of: p}
			l.all()
			faults = append(faults, l.leaks...)
			if !bytes.Contains(docs, []byte("`"+name+"`")) {
				faults = append(faults, fmt.Sprintf("%s: %s does not say what is promised for it", name, promises))
			}
			now := l.text()
			if update {
				if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
					return nil, err
				}
				continue
			}
			was, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
			faults = append(faults, differences(file, string(was), now)...)
		}
	}
	if !slices.Contains(modules, ".") {
		return faults, nil // a part
	}
	files, err := filepath.Glob(golden + "/*.txt")
	for _, file := range files {
		switch {
		case kept[file]:
		case update:
			err = errors.Join(err, os.Remove(file))
		default:
			faults = append(faults, file+": there is no such package any more; make api-update, if that is meant")
		}
	}
	return faults, err
}

// differences are the lines that one of two listings has, and the other has not.
func differences(file, was, now string) (all []string) {
	old, new := strings.Split(was, "\n"), strings.Split(now, "\n")
	for _, line := range old {
		if !slices.Contains(new, line) {
			all = append(all, fmt.Sprintf("%s: gone:  %s", file, line))
		}
	}
	for _, line := range new {
		if !slices.Contains(old, line) {
			all = append(all, fmt.Sprintf("%s: new:   %s", file, line))
		}
	}
	if len(all) > 0 {
		all = append(all, file+": is it meant? then: make api-update, and a line in CHANGELOG.md")
	}
	return all
}

// public reports whether programs of others may import a package.
func public(path, name string) bool {
	path, ours := strings.CutPrefix(path, module+"/")
	switch {
	case !ours, name == "main", strings.Contains("/"+path+"/", "/internal/"):
		return false
	case path == "testutil/consultest", path == "testutil/dnstest":
		return true
	}
	return !strings.HasPrefix(path, "testutil/") && !strings.HasPrefix(path, "examples") // for this repository alone
}

// load reads what the compiler has exported of the public packages of a module.
func load(dir string) (packages []*types.Package, err error) {
	list := func(args ...string) ([][]string, error) {
		cmd := exec.Command("go", append([]string{"list"}, args...)...)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64") // the same everywhere
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: go list: %w", dir, err)
		}
		var lines [][]string
		for line := range strings.Lines(string(out)) {
			lines = append(lines, strings.Fields(line))
		}
		return lines, nil
	}
	all, err := list("-f", "{{.ImportPath}} {{.Name}}", "./...")
	if err != nil {
		return nil, err
	}
	var wanted []string
	for _, p := range all {
		if public(p[0], p[1]) {
			wanted = append(wanted, p[0])
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	built, err := list(append([]string{"-deps", "-export", "-f", "{{with .Export}}{{$.ImportPath}} {{.}}{{end}}"}, wanted...)...)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, p := range built {
		if len(p) == 2 {
			exports[p[0]] = p[1]
		}
	}
	read := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, path := range wanted {
		p, err := read.Import(path)
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
}
