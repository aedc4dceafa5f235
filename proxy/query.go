package proxy

import (
	"maps"
	"reflect"
	"time"
)

// blockField is where the arguments of a blocking query say how long the server
// may hold it.
const blockField = "MaxQueryTime"

// shortened is a copy of the arguments of a blocking query with only left of its
// time to go. The caller's own are never written to; ok is false for arguments
// whose time cannot be found.
func shortened(args any, left time.Duration) (short any, ok bool) {
	if m, ok := args.(map[string]any); ok {
		m = maps.Clone(m)
		m[blockField] = int64(left)
		return m, true
	}
	v := reflect.ValueOf(args)
	for range 4 { // a pointer may point to itself
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
	}
	if v.Kind() != reflect.Struct {
		return nil, false
	}
	field, found := v.Type().FieldByName(blockField)
	if !found || field.Type.Kind() != reflect.Int64 {
		return nil, false
	}
	dup := reflect.New(v.Type())
	dup.Elem().Set(v)
	for i := range len(field.Index) - 1 {
		at := dup.Elem().FieldByIndex(field.Index[:i+1])
		if at.Kind() != reflect.Pointer {
			continue
		}
		if at.IsNil() || !at.CanSet() {
			return nil, false
		}
		part := reflect.New(at.Type().Elem()) // an embedded pointer is the caller's: copy what it points to
		part.Elem().Set(at.Elem())
		at.Set(part)
	}
	at := dup.Elem().FieldByIndex(field.Index)
	if !at.CanSet() {
		return nil, false
	}
	at.SetInt(int64(left))
	if reflect.TypeOf(args).Kind() == reflect.Pointer {
		return dup.Interface(), true
	}
	return dup.Elem().Interface(), true
}
