package main

import (
	"fmt"
	"go/constant"
	"go/types"
	"slices"
	"strings"
)

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
