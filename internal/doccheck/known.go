package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// known is what documents may name.
type known struct {
	targets, variables map[string]bool            // of the Makefile
	flags              map[string]map[string]bool // of rpcproxy, with their dashes, by command; "" has those of the program
	tests              map[string]bool            // names of tests, benchmarks, examples and fuzz targets
	literals           map[string]bool            // strings of Go code
	words              map[string]bool            // words of strings, tags, units and configurations
	exported           map[string]map[string]bool // packages, types, and package.Type: what they have
	sources            map[string][]*ast.File     // by directory, without tests
}

var (
	target   = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
	variable = regexp.MustCompile(`\$\(([A-Z][A-Z0-9_]*)\)`)
	aWord    = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`)
)

// learn reads the tree: the Makefile, all Go, and what is configured in docs and in packages.
func learn(tree fs.FS) (*known, error) {
	k := &known{
		targets: map[string]bool{}, variables: map[string]bool{}, flags: map[string]map[string]bool{}, tests: map[string]bool{},
		literals: map[string]bool{}, words: map[string]bool{}, exported: map[string]map[string]bool{}, sources: map[string][]*ast.File{},
	}
	makefile, err := fs.ReadFile(tree, "Makefile")
	if err != nil {
		return nil, err
	}
	for _, m := range target.FindAllSubmatch(makefile, -1) {
		k.targets[string(m[1])] = true
	}
	for _, m := range variable.FindAllSubmatch(makefile, -1) {
		k.variables[string(m[1])] = true
	}
	fset := token.NewFileSet()
	err = fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			if base := e.Name(); base == "testdata" || base != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(name) {
		case ".go":
			content, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			f, err := parser.ParseFile(fset, name, content, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			k.file(name, f)
		case ".hcl", ".service", ".socket", ".yml", ".yaml", ".json", ".toml":
			content, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			k.wordsOf(string(content))
		}
		return nil
	})
	return k, err
}

func (k *known) wordsOf(s string) {
	for _, w := range aWord.FindAllString(s, -1) {
		k.words[w] = true
	}
}

func (k *known) file(name string, f *ast.File) {
	test := strings.HasSuffix(name, "_test.go")
	for _, decl := range f.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && test && fn.Recv == nil {
			k.tests[fn.Name.Name] = true
		}
	}
	if test {
		return
	}
	k.sources[path.Dir(name)] = append(k.sources[path.Dir(name)], f)
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				k.literals[s] = true
				k.wordsOf(s)
			}
		}
		return true
	})
	if f.Name.Name == "main" {
		return
	}
	for _, decl := range f.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				k.export(f.Name.Name, decl.Name.Name)
			} else if of := receiver(decl.Recv.List[0].Type); of != "" {
				k.member(f.Name.Name, of, decl.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				k.spec(f.Name.Name, spec)
			}
		}
	}
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func (k *known) export(of, name string) {
	if !token.IsExported(name) {
		return
	}
	if k.exported[of] == nil {
		k.exported[of] = map[string]bool{}
	}
	k.exported[of][name] = true
}

// member notes what a type of a package has, also under the name of the type alone.
func (k *known) member(pkg, of, name string) {
	k.export(of, name)
	k.export(pkg+"."+of, name)
}

// spec notes the names that a declaration exports, and what its types have.
func (k *known) spec(pkg string, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			k.export(pkg, name.Name)
		}
	case *ast.TypeSpec:
		k.export(pkg, spec.Name.Name)
		var fields *ast.FieldList
		switch t := spec.Type.(type) {
		case *ast.StructType:
			fields = t.Fields
		case *ast.InterfaceType:
			fields = t.Methods
		default:
			return
		}
		for _, field := range fields.List {
			for _, name := range field.Names {
				k.member(pkg, spec.Name.Name, name.Name)
			}
			if len(field.Names) == 0 { // what is embedded may have any name
				k.member(pkg, spec.Name.Name, "Embedded")
			}
		}
	}
}

// programFlags are the flags that the program in a directory declares with package flag.
func (k *known) programFlags(dir string) map[string]bool {
	all := map[string]bool{"h": true, "help": true}
	for _, f := range k.sources[dir] {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if _, ok := call.Fun.(*ast.SelectorExpr); !ok {
				return true
			}
			for _, arg := range call.Args[:min(2, len(call.Args))] { // flag.Int("n", ...), flag.IntVar(&n, "n", ...)
				if lit, ok := arg.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					all[strings.Trim(lit.Value, `"`)] = true
					break
				}
			}
			return true
		})
	}
	return all
}
