package proxy

import (
	"maps"
	"reflect"
	"time"
)

// blockField is where the arguments of a blocking query say how long the server
// may hold it.
const blockField = "MaxQueryTime"

// blockTime is how long args ask the server to hold the call; zero if they are
// no blocking query. Arguments in a map say it in two entries.
func blockTime(args any) time.Duration {
	switch a := args.(type) {
	case interface{ TimeToBlock() time.Duration }:
		return max(a.TimeToBlock(), 0)
	case map[string]any:
		if index := reflect.ValueOf(a["MinQueryIndex"]); number(index) > 0 {
			return time.Duration(max(number(reflect.ValueOf(a[blockField])), 0))
		}
	}
	return 0
}

// number is an integer of whatever kind; zero if v is none.
func number(v reflect.Value) int64 {
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return int64(min(v.Uint(), 1<<62))
	}
	return 0
}

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
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
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
