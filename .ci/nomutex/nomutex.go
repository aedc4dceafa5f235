package main

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// reason ends every report.
const reason = "state belongs to one goroutine; use an actor, a channel or an atomic value"

// banned are the types of package sync that no code of this module may use.
// Locker is among them because only a lock can be behind it.
var banned = map[string]bool{
	"Mutex": true, "RWMutex": true, "Cond": true, "Map": true, "Locker": true,
}

// Analyzer is the rule.
var Analyzer = &analysis.Analyzer{
	Name: "nomutex",
	Doc:  "report every use of the locks of package sync: Mutex, RWMutex, Cond, Map and Locker",
	Run:  run,
}

func run(pass *analysis.Pass) (any, error) {
	for _, file := range pass.Files {
		seen := map[int]bool{} // one report per line
		report := func(pos token.Pos, name string) {
			if line := pass.Fset.Position(pos).Line; !seen[line] {
				seen[line] = true
				pass.Reportf(pos, "sync.%s is not used here: %s", name, reason)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if name := lock(pass.TypesInfo, id); name != "" {
					report(id.Pos(), name)
				}
			}
			return true
		})
	}
	return nil, nil
}

// lock is the name of the banned type that id names, has, returns, or is a
// method of; empty if there is none.
func lock(info *types.Info, id *ast.Ident) string {
	obj := info.ObjectOf(id)
	switch obj := obj.(type) {
	case *types.TypeName: // the type itself, or an alias of it
		return within(obj.Type())
	case *types.Var: // a field, parameter, result or variable
		return within(obj.Type())
	case *types.Func: // a method of a lock, or what returns one
		sig := obj.Signature()
		if recv := sig.Recv(); recv != nil {
			if name := within(recv.Type()); name != "" {
				return name
			}
		}
		for v := range sig.Results().Variables() {
			if name := within(v.Type()); name != "" {
				return name
			}
		}
	}
	return ""
}

// within finds a banned type in t: t itself, or what t points to, contains as
// an element or is instantiated with. It does not look into named types: that
// they hold a lock inside is their own affair, reported where they are written.
func within(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		obj := t.Obj()
		if obj.Pkg() != nil && obj.Pkg().Path() == "sync" && banned[obj.Name()] {
			return obj.Name()
		}
		for arg := range t.TypeArgs().Types() {
			if name := within(arg); name != "" {
				return name
			}
		}
	case *types.Map:
		if name := within(t.Key()); name != "" {
			return name
		}
		return within(t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		return within(t.Elem())
	}
	return ""
}
