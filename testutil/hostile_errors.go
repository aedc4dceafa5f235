package testutil

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// HostileError is an error with any text. Its Error panics if Panics is set.
type HostileError struct {
	Text   string
	Panics bool
}

func (e *HostileError) Error() string {
	if e.Panics {
		panic(e.Text)
	}
	return e.Text
}

// WildError is an error whose methods do what they are told. The zero value has the text
// "wild", is nothing else, and wraps nothing.
type WildError struct {
	Text    func() string // for Error
	Matches func() bool   // for Is and As, which sets no target
	Wrapped func() error  // for Unwrap
}

func (e *WildError) Error() string {
	if e.Text == nil {
		return "wild"
	}
	return e.Text()
}

// Is reports what Matches returns.
func (e *WildError) Is(error) bool { return e.Matches != nil && e.Matches() }

// As reports what Matches returns.
func (e *WildError) As(any) bool { return e.Matches != nil && e.Matches() }

// Unwrap returns what Wrapped returns.
func (e *WildError) Unwrap() error {
	if e.Wrapped == nil {
		return nil
	}
	return e.Wrapped()
}

// CheckErrorTexts checks the texts of all types of errors that the files in dir declare,
// those of tests aside. with makes one of each, with text in each string and cause in
// each error of it. A type that it leaves out fails t, and so does a field that it leaves
// empty, unless it says "Type.field" in but; so that no type is forgotten that is added
// later. A cause must be reached with errors.Is.
func CheckErrorTexts(t Reporter, dir string, with func(text string, cause error) []error, but ...string) {
	t.Helper()
	declared := errorTypes(t, dir)
	causes := []*HostileError{{Text: "plain"}, {Text: "panicking\n" + forged, Panics: true}}
	for _, text := range HostileTexts() {
		causes = append(causes, &HostileError{Text: text})
	}
	for i, cause := range causes {
		for _, err := range with(cause.Text, cause) {
			v := reflect.Indirect(reflect.ValueOf(err))
			name := v.Type().Name()
			delete(declared, name)
			if i == 0 {
				checkFilled(t, v, but)
			}
			text, panicked := textOf(err)
			if panicked != nil {
				t.Errorf("%s: its Error panics, as its cause does: %v", name, panicked)
			}
			CheckShown(t, name, text)
			if holds(v, cause) && !errors.Is(err, cause) {
				t.Errorf("%s: its cause is not reached", name)
			}
		}
	}
	for name, file := range declared {
		t.Errorf("%s: the text of %s is not checked: make one here", file, name)
	}
}

// textOf is the text of an error, or what it panics with.
func textOf(err error) (text string, panicked any) {
	defer func() { panicked = recover() }()
	return err.Error(), nil
}

// errorTypes are the types with an Error method in the files of a directory, with these.
func errorTypes(t Reporter, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != "Error" || f.Recv == nil || f.Type.Results == nil || len(f.Type.Params.List) != 0 {
				continue
			}
			of := f.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if id, ok := of.(*ast.Ident); ok {
				found[id.Name] = file
			}
		}
	}
	return found
}

// checkFilled fails t for a field that may hold a text and is empty.
func checkFilled(t Reporter, v reflect.Value, but []string) {
	t.Helper()
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		name := v.Type().Name() + "." + v.Type().Field(i).Name
		switch k := v.Field(i).Kind(); k {
		case reflect.String, reflect.Interface, reflect.Slice, reflect.Map, reflect.Pointer, reflect.Struct:
			if v.Field(i).IsZero() && !slices.Contains(but, name) {
				t.Errorf("%s is empty: fill it with the text or the cause", name)
			}
		default:
		}
	}
}

// holds reports whether a field of v is cause.
func holds(v reflect.Value, cause *HostileError) bool {
	if v.Kind() != reflect.Struct {
		return false
	}
	for _, f := range v.Fields() {
		if f.Kind() == reflect.Interface && f.Elem().Kind() == reflect.Pointer && f.Elem().Pointer() == reflect.ValueOf(cause).Pointer() {
			return true
		}
	}
	return false
}
