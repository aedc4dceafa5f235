package status

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Bounds of a configuration that is shown.
const (
	maxDepth  = 10
	maxValues = 10_000
)

// Names of what may be secret, and of what is none although its name has such a word in it.
var (
	secretName = regexp.MustCompile(`(?i)token|secret|passw|passphrase|credential|auth|key|cookie|bearer|pem\b|dsn`)
	pathName   = regexp.MustCompile(`(?i)(?:file|path|dir)$`)
)

const leftOut = "(left out)"

// shower makes values of a configuration that can be shown, and calls no method of any.
type shower struct{ left int }

// shownValue is v as values for JSON, without what may be secret.
func shownValue(v any) any {
	s := &shower{left: maxValues}
	return s.value(reflect.ValueOf(v), maxDepth)
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

// value is one value.
func (s *shower) value(v reflect.Value, depth int) any {
	if s.left--; s.left < 0 || depth < 0 {
		return "(there is more)"
	}
	if !v.IsValid() {
		return nil
	}
	switch v.Type() {
	case timeType:
		if t, ok := v.Interface().(time.Time); ok {
			return t
		}
	case durationType:
		return time.Duration(v.Int()).String()
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint()
	case reflect.Float32, reflect.Float64:
		return fmt.Sprint(v.Float()) // JSON has no infinity
	case reflect.String:
		return shownText(v.String())
	case reflect.Interface:
		if v.NumMethod() > 0 { // a part of the program, with a state of its own
			return typeName(v)
		}
		return s.value(v.Elem(), depth)
	case reflect.Pointer:
		return s.value(v.Elem(), depth-1)
	case reflect.Slice, reflect.Array:
		return s.list(v, depth)
	case reflect.Map:
		return s.mapping(v, depth)
	case reflect.Struct:
		return s.object(v, depth)
	}
	return typeName(v)
}

// shownText is a text that may come from outside.
func shownText(text string) string {
	const most = 64 << 10 // what is longer is not searched through
	return printable.Text(printable.WithoutTokens(text[:min(len(text), most)]))
}

// typeName is the type of what is not shown.
func typeName(v reflect.Value) any {
	for v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Func, reflect.Chan, reflect.Pointer:
		if v.IsNil() {
			return nil
		}
	}
	return "(a " + printable.Name(v.Type().String()) + ")"
}

func (s *shower) list(v reflect.Value, depth int) any {
	switch {
	case v.Kind() == reflect.Slice && v.IsNil():
		return nil
	case v.Type().Elem().Kind() == reflect.Uint8:
		return fmt.Sprintf("(%d bytes)", v.Len())
	}
	list := []any{}
	for i := range v.Len() {
		if s.left <= 0 {
			return append(list, "(there is more)")
		}
		list = append(list, s.value(v.Index(i), depth-1))
	}
	return list
}

func (s *shower) mapping(v reflect.Value, depth int) any {
	if v.IsNil() {
		return nil
	}
	out := map[string]any{}
	for each := v.MapRange(); each.Next() && s.left > 0; {
		k := each.Key()
		for k.Kind() == reflect.Interface && !k.IsNil() {
			k = k.Elem()
		}
		key := "(a " + printable.Name(k.Type().String()) + ")"
		switch k.Kind() {
		case reflect.String:
			key = k.String()
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			key = fmt.Sprint(k.Int())
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			key = fmt.Sprint(k.Uint())
		}
		out[shownText(key)] = s.named(key, each.Value(), depth)
	}
	return out
}

func (s *shower) object(v reflect.Value, depth int) any {
	out := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		out[f.Name] = s.named(f.Name, v.Field(i), depth)
	}
	return out
}

// named is a value that has a name.
func (s *shower) named(name string, v reflect.Value, depth int) any {
	if isSecret(name, v) {
		return leftOut
	}
	return s.value(v, depth-1)
}

// isSecret reports whether a value may be secret by its name. One that is empty says nothing;
// neither does a number or a switch.
func isSecret(name string, v reflect.Value) bool {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return false
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		if v.Len() == 0 {
			return false
		}
	case reflect.Array, reflect.Struct:
	default:
		return false
	}
	plain := strings.NewReplacer("_", "", "-", "", " ", "").Replace(name)
	return secretName.MatchString(plain) && !pathName.MatchString(plain)
}
