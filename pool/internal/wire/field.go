package wire

import (
	"reflect"
	"slices"
	"strings"
)

// FieldIndex is where a value of the struct type t has the field that travels as name,
// as reflect.Value.FieldByIndexErr takes it; nil if there is none. It goes by the rules
// of the codec: a codec tag names a field, embedded structs without a name are part of
// the one they are in, and the field that is nested least wins, or the last of several.
func FieldIndex(t reflect.Type, name string) []int {
	f := finder{name: name}
	f.look(t, nil)
	return f.found
}

// eachField calls f with each field that a value of the struct type t could have, in the
// order of the codec, and where it is. Of several under one name FieldIndex tells which counts.
func eachField(t reflect.Type, f func(name string, index []int)) {
	all := finder{each: f}
	all.look(t, nil)
}

// finder looks for one field.
type finder struct {
	name  string
	found []int
	path  []reflect.Type                 // the structs that look is inside of
	each  func(name string, index []int) // is told of every field; may be nil
}

// maxEmbedding is how deep embedded structs are looked into.
const maxEmbedding = 14

func (f *finder) look(t reflect.Type, at []int) {
	if len(f.path) == maxEmbedding {
		return
	}
	if slices.Contains(f.path, t) {
		return // what it has is there already, and nested less
	}
	f.path = append(f.path, t)
	defer func() { f.path = f.path[:len(f.path)-1] }()
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() && !field.Anonymous {
			continue
		}
		switch field.Type.Kind() { // msgpack has nothing for them
		case reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
			continue
		}
		tag := field.Tag.Get("codec")
		if tag == "-" {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		index := append(append(make([]int, 0, len(at)+1), at...), i)
		if part, embedded := embeddedStruct(&field); embedded && name == "" {
			f.look(part, index)
			continue
		}
		if name == "" {
			name = field.Name
		}
		if !field.IsExported() {
			continue
		}
		if f.each != nil {
			f.each(name, index)
		}
		if name == f.name && (f.found == nil || len(index) <= len(f.found)) {
			f.found = index
		}
	}
}

// embeddedStruct is the struct that a field embeds, if it does and the codec looks
// into it: not by a pointer that it could not set.
func embeddedStruct(field *reflect.StructField) (reflect.Type, bool) {
	t := field.Type
	pointer := t.Kind() == reflect.Pointer
	if pointer {
		t = t.Elem()
	}
	return t, field.Anonymous && t.Kind() == reflect.Struct && (field.IsExported() || !pointer)
}
