// Command apilist keeps what the public packages of this repository promise: one file of text for
// each, a line for each exported name, in .ci/api. What the files do not have, or have and is not
// so, fails it. It reads what the compiler exports, so types are whole, and needs no other module.
//
//	go run .ci/apilist/main.go [-update] MODULE-DIRECTORY...
//
// It fails as well where a name that is exported wants a type that nobody outside can name, and
// where docs/versions.md does not say what is promised for a package.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/constant"
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

// listing is the exported names of a package, as lines.
type listing struct {
	of    *types.Package
	lines []string
	leaks []string
}

func (l *listing) text() string {
	slices.Sort(l.lines)
	return strings.Join(slices.Compact(l.lines), "\n") + "\n"
}

func (l *listing) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *listing) qualify(p *types.Package) string {
	if p == l.of {
		return ""
	}
	return strings.TrimPrefix(p.Path(), module+"/")
}

// written is a type as text, of which every name can be had from outside.
func (l *listing) written(where string, t types.Type) string {
	if name := hidden(t, map[types.Type]bool{}); name != "" {
		l.leaks = append(l.leaks, fmt.Sprintf("%s: %s: has the type %s, which nobody outside can name",
			strings.TrimPrefix(l.of.Path(), module+"/"), where, name))
	}
	return types.TypeString(t, l.qualify)
}

// hidden is the name of the first type in t that is not exported, "" if there is none.
func hidden(t types.Type, seen map[types.Type]bool) string {
	if seen[t] {
		return ""
	}
	seen[t] = true
	first := func(parts ...types.Type) string {
		for _, part := range parts {
			if name := hidden(part, seen); name != "" {
				return name
			}
		}
		return ""
	}
	switch t := t.(type) {
	case *types.Named:
		if o := t.Obj(); o.Pkg() != nil && !o.Exported() {
			return o.Pkg().Name() + "." + o.Name()
		}
		return first(slices.Collect(t.TypeArgs().Types())...)
	case *types.Alias:
		if o := t.Obj(); o.Pkg() != nil && o.Exported() {
			return first(slices.Collect(t.TypeArgs().Types())...)
		}
		return first(types.Unalias(t))
	case *types.Map:
		return first(t.Key(), t.Elem())
	case interface{ Elem() types.Type }: // pointers, lists, channels
		return first(t.Elem())
	case *types.Signature:
		return first(t.Params(), t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			if name := hidden(v.Type(), seen); name != "" {
				return name
			}
		}
	case *types.Struct:
		for f := range t.Fields() {
			if name := hidden(f.Type(), seen); name != "" && f.Exported() {
				return name
			}
		}
	}
	return ""
}

func (l *listing) all() {
	scope := l.of.Scope()
	for _, name := range scope.Names() {
		o := scope.Lookup(name)
		if !o.Exported() {
			continue
		}
		switch o := o.(type) {
		case *types.Const:
			l.add("const %s %s = %s", name, l.written(name, o.Type()), value(o.Val()))
		case *types.Var:
			l.add("var %s %s", name, l.written(name, o.Type()))
		case *types.Func:
			l.add("func %s%s", name, strings.TrimPrefix(l.written(name, o.Type()), "func"))
		case *types.TypeName:
			l.typeName(name, o)
		}
	}
}

func value(v constant.Value) string { return v.ExactString() }

// typeName lists a type. One that stands for a type of an internal package has that one's fields and methods.
func (l *listing) typeName(name string, o *types.TypeName) {
	if o.IsAlias() {
		t := types.Unalias(o.Type())
		l.add("type %s = %s", name, types.TypeString(t, l.qualify))
		if named, ok := t.(*types.Named); !ok || named.Obj().Pkg() == nil || !strings.Contains(named.Obj().Pkg().Path(), "/internal/") {
			return // the type is listed where it is, or is Go's own
		}
	}
	named, ok := types.Unalias(o.Type()).(*types.Named)
	if !ok {
		return
	}
	head := name
	if n := named.TypeParams().Len(); n > 0 && !o.IsAlias() {
		_, params, _ := strings.Cut(types.ObjectString(o, l.qualify), "[")
		params, _, _ = strings.Cut(params, "]")
		head += "[" + params + "]"
	}
	switch under := named.Underlying().(type) {
	case *types.Struct:
		l.add("type %s struct", head)
		for i := range under.NumFields() {
			f := under.Field(i)
			if !f.Exported() {
				continue
			}
			embedded := ""
			if f.Embedded() {
				embedded = " embedded"
			}
			tag := under.Tag(i)
			if tag != "" {
				tag = " `" + tag + "`"
			}
			l.add("type %s struct,%s %s %s%s", head, embedded, f.Name(), l.written(name+"."+f.Name(), f.Type()), tag)
		}
	case *types.Interface:
		l.add("type %s interface", head)
		for m := range under.Methods() {
			if !m.Exported() {
				l.add("type %s interface, with unexported methods", head)
				continue
			}
			l.add("type %s interface, %s%s", head, m.Name(), strings.TrimPrefix(l.written(name+"."+m.Name(), m.Type()), "func"))
		}
	default:
		l.add("type %s %s", head, types.TypeString(under, l.qualify))
	}
	if types.IsInterface(named) {
		return
	}
	methods := types.NewMethodSet(types.NewPointer(named))
	values := types.NewMethodSet(named)
	for i := range methods.Len() {
		m := methods.At(i).Obj()
		if !m.Exported() {
			continue
		}
		star := "*"
		if values.Lookup(m.Pkg(), m.Name()) != nil {
			star = ""
		}
		l.add("method (%s%s) %s%s", star, name, m.Name(), strings.TrimPrefix(l.written(name+"."+m.Name(), m.Type()), "func"))
	}
}
