package proxy

import (
	"maps"
	"reflect"
	"strings"
	"sync/atomic"
)

// asked is what the fields of a request say about it, by the names that Nomad's
// requests have on the wire.
type asked struct {
	query  bool   // it has a MinQueryIndex, as what embeds QueryOptions
	write  bool   // it has an IdempotencyToken, as what embeds WriteRequest
	token  string // the IdempotencyToken
	region string
	server string // ServerID: the one server that has to serve it
}

// The names of these fields.
const (
	queryField  = "MinQueryIndex"
	tokenField  = "IdempotencyToken"
	regionField = "Region"
	serverField = "ServerID"
)

// fieldsOf reads the fields of a struct, as its codec tags name them, of a map with
// string keys, or of what pointers to one of these point to.
func fieldsOf(args any) asked {
	if m, ok := args.(map[string]any); ok {
		a := asked{
			token: text(reflect.ValueOf(m[tokenField])), region: text(reflect.ValueOf(m[regionField])), server: text(reflect.ValueOf(m[serverField])),
		}
		_, a.query = m[queryField]
		_, a.write = m[tokenField]
		return a
	}
	v := pointed(reflect.ValueOf(args))
	switch v.Kind() {
	case reflect.Struct:
		at := requests.of(v.Type())
		return asked{
			query: at.query != nil, write: at.token != nil,
			token: fieldText(v, at.token), region: fieldText(v, at.region), server: fieldText(v, at.server),
		}
	case reflect.Map:
		if key := v.Type().Key(); key.Kind() == reflect.String || key.Kind() == reflect.Interface && key.NumMethod() == 0 {
			value := func(name string) reflect.Value { return v.MapIndex(reflect.ValueOf(name).Convert(key)) }
			return asked{
				query: value(queryField).IsValid(), write: value(tokenField).IsValid(),
				token: text(value(tokenField)), region: text(value(regionField)), server: text(value(serverField)),
			}
		}
	}
	return asked{}
}

// pointed is what pointers and interfaces lead to; a pointer may point to itself.
func pointed(v reflect.Value) reflect.Value {
	for range 4 {
		if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
	}
	return v
}

// text is a string of whatever type; empty if v is none.
func text(v reflect.Value) string {
	if v = pointed(v); v.Kind() == reflect.String {
		return v.String()
	}
	return ""
}

// fieldText is the string in a field; empty if an embedded pointer on the way to it
// is nil.
func fieldText(v reflect.Value, index []int) string {
	if index == nil {
		return ""
	}
	f, err := v.FieldByIndexErr(index)
	if err != nil {
		return ""
	}
	return text(f)
}

// requestType is where a struct has these fields; nil: nowhere.
type requestType struct{ query, token, region, server []int }

// requestTypes remembers what was found of a type: to look costs more than to send a
// small call. The map is never written to; a new one takes its place.
type requestTypes struct {
	known atomic.Pointer[map[reflect.Type]*requestType]
}

// requests are the types of this program, which has not many.
var requests requestTypes

// mostRequestTypes bounds how many types are remembered, for programs that make them.
const mostRequestTypes = 1024

func (r *requestTypes) of(t reflect.Type) *requestType {
	var known map[reflect.Type]*requestType
	if p := r.known.Load(); p != nil {
		known = *p
	}
	found, ok := known[t]
	if ok {
		return found
	}
	found = new(requestType)
	found.search(t, nil)
	if len(known) < mostRequestTypes {
		more := make(map[reflect.Type]*requestType, len(known)+1)
		maps.Copy(more, known)
		more[t] = found
		r.known.Store(&more) // what another has just added is looked for again
	}
	return found
}

// deepest is how many structs are embedded in one another at most; a type may embed
// a pointer to itself.
const deepest = 6

// search finds the fields of a struct that bear one of the names on the wire, and
// those of what it embeds without naming it. The outermost counts.
func (r *requestType) search(t reflect.Type, above []int) {
	for f := range t.Fields() {
		index := append(append([]int(nil), above...), f.Index...)
		name, _, _ := strings.Cut(f.Tag.Get("codec"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case name == "-":
			continue
		case f.Anonymous && name == "" && inner.Kind() == reflect.Struct:
			if len(index) < deepest {
				r.search(inner, index)
			}
			continue
		case !f.IsExported():
			continue
		case name == "":
			name = f.Name
		}
		at := r.place(name)
		if at != nil && (*at == nil || len(index) < len(*at)) {
			*at = index
		}
	}
}

// place is where the index of a field is noted; nil for a field of no interest.
func (r *requestType) place(name string) *[]int {
	switch name {
	case queryField:
		return &r.query
	case tokenField:
		return &r.token
	case regionField:
		return &r.region
	case serverField:
		return &r.server
	}
	return nil
}
