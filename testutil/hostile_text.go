package testutil

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// forged begins the lines that hostile texts try to add.
const forged = "FORGED: all is well"

// HostileTexts are texts as a hostile peer or a broken file may have them. Shown as they
// are they would color, move, hide or reorder what is on a terminal, or add a line, or
// be megabytes. CheckShown finds each of them.
func HostileTexts() []string {
	return []string{
		"x\x1b[2J\x1b]0;owned\a\x1b[8m",     // C0: clears, sets the title, hides
		"x\r" + forged,                      // begins the line anew
		"x\n" + forged,                      // another line
		"x\n\t" + forged,                    // another entry of a list
		"x\v\f\b\x00\x7f",                   // other C0, DEL
		"x\u009b2J\u0085\u0090q\u009c",      // C1
		"a\u202eb\u202d\u2066c\u2069\u061c", // bidirectional overrides and isolates
		"a\u200bb\u200dc\ufeff\u2060\u00ad", // invisible
		"a\u2028" + forged + "\u2029b",      // line and paragraph separators
		"\xff\xfe\x9b2J\xc3(\xed\xa0\x80",   // no UTF-8; a C1 in Latin-1
		"\U000e0041\U000e007f\U0010fffd",    // tags, private use
		"no\u00a0break\u3000wide",           // spaces that are none
		strings.Repeat("y\x1b[1;1H", 1<<19), // 3.5 MiB
		strings.Repeat("é", 1<<20),          // 2 MiB, of characters that may be cut in two
	}
}

// mostShown bounds a text that is shown, with a few of what was cut in it.
const mostShown = 24 << 10

// CheckShown fails t if a text that is shown moves a cursor, hides or reorders something,
// has a line that a hostile text added, or is too long. A line feed with a tab behind it
// is that of a list.
func CheckShown(t testing.TB, what, text string) {
	t.Helper()
	plain := strings.ReplaceAll(text, "\n\t", "  ")
	if i := strings.IndexFunc(plain, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || !utf8.ValidString(plain) {
		t.Errorf("%s: not printable: %.300q", what, plain[max(0, i-50):])
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimLeft(line, "\t "), forged) {
			t.Errorf("%s: it has a line that was forged: %.300q", what, text)
		}
	}
	if len(text) > mostShown {
		t.Errorf("%s: %d bytes: %.200q...", what, len(text), text)
	}
}

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

// CheckErrorTexts checks the texts of all types of errors that the files in dir declare,
// those of tests aside. with makes one of each, with text in each string and cause in
// each error of it. A type that it leaves out fails t, and so does a field that it leaves
// empty, unless it says "Type.field" in but; so that no type is forgotten that is added
// later. A cause must be reached with errors.Is.
func CheckErrorTexts(t *testing.T, dir string, with func(text string, cause error) []error, but ...string) {
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
			CheckShown(t, name, err.Error())
			if holds(v, cause) && !errors.Is(err, cause) {
				t.Errorf("%s: its cause is not reached", name)
			}
		}
	}
	for name, file := range declared {
		t.Errorf("%s: the text of %s is not checked: make one here", file, name)
	}
}

// errorTypes are the types with an Error method in the files of a directory, with these.
func errorTypes(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, errors.Join(err, fs.ErrNotExist))
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
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
func checkFilled(t *testing.T, v reflect.Value, but []string) {
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
