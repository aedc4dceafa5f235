package pool

import (
	"math"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// QueryFields are the fields of a request's arguments that tell Nomad's servers, whatever
// the method, how to treat it (QueryOptions and WriteRequest in nomad/structs/structs.go
// of Nomad 2.0.6).
type QueryFields struct {
	Query            bool          // there is a MinQueryIndex: the request has QueryOptions
	MinQueryIndex    uint64        // above zero the server holds the call until there is news
	MaxQueryTime     time.Duration // for so long at most
	Write            bool          // there is an IdempotencyToken: the request is a WriteRequest
	IdempotencyToken bool          // and it is not empty
	Forwarded        bool          // there is a Forwarded, as in both
}

// Fields are the query fields of args: of a struct, a map, a pointer to one, or a Raw. A
// field is what travels under its name, so codec tags count and Go names do not;
// one that is absent, or of another type, is zero. It allocates nothing for structs,
// for a map[string]any and for a Raw, of which it reads the keys and passes over the
// rest. With Config.Codec structs are still read by their codec tags.
func Fields(args any) QueryFields { return fieldsOf(args, queryFieldCount) }

// fieldsOf reads the first n fields, or more of them.
func fieldsOf(args any, n int) (f QueryFields) {
	switch args := args.(type) {
	case map[string]any:
		f.ofMap(args, n)
		return f
	case Raw:
		f.ofRaw(args)
		return f
	}
	v := pointed(reflect.ValueOf(args))
	switch v.Kind() {
	case reflect.Struct:
		at := queries.of(v.Type())
		for i, index := range at[:n] {
			if index != nil {
				f.set(i, field(v, index))
			}
		}
	case reflect.Map:
		f.ofMapValue(v)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[Raw]() {
			f.ofRaw(v.Bytes())
		}
	}
	return f
}

// The fields by number.
const (
	fieldIndex = iota
	fieldTime
	fieldToken
	fieldForwarded
	queryFieldCount
)

// queryFieldNames are how the fields travel.
var queryFieldNames = [queryFieldCount]string{"MinQueryIndex", "MaxQueryTime", "IdempotencyToken", "Forwarded"}

// queryFieldKeys are the names as the keys of a map.
var queryFieldKeys = func() (keys [queryFieldCount]reflect.Value) {
	for i, name := range queryFieldNames {
		keys[i] = reflect.ValueOf(name)
	}
	return keys
}()

// queryField is the number of a field; -1 for any other name.
func queryField(name []byte) int {
	switch string(name) {
	case "MinQueryIndex":
		return fieldIndex
	case "MaxQueryTime":
		return fieldTime
	case "IdempotencyToken":
		return fieldToken
	case "Forwarded":
		return fieldForwarded
	}
	return -1
}

// set takes a field's value, which is not valid where a pointer on the way is nil.
func (f *QueryFields) set(i int, v reflect.Value) {
	v = pointed(v)
	switch i {
	case fieldIndex:
		f.Query, f.MinQueryIndex = true, uint64(positive(v))
	case fieldTime:
		f.MaxQueryTime = time.Duration(positive(v))
	case fieldToken:
		f.Write, f.IdempotencyToken = true, v.Kind() == reflect.String && v.Len() > 0
	case fieldForwarded:
		f.Forwarded = true
	}
}

func (f *QueryFields) ofMap(m map[string]any, n int) {
	for i, name := range queryFieldNames[:n] {
		if v, ok := m[name]; ok {
			f.set(i, reflect.ValueOf(v))
		}
	}
}

// ofMapValue looks into any other map.
func (f *QueryFields) ofMapValue(m reflect.Value) {
	switch key := m.Type().Key(); key.Kind() {
	case reflect.String:
		for i, name := range queryFieldKeys {
			if key != name.Type() {
				name = name.Convert(key)
			}
			if v := m.MapIndex(name); v.IsValid() {
				f.set(i, v)
			}
		}
	case reflect.Interface: // one of its keys may be a string of any type
		for entry := m.MapRange(); entry.Next(); {
			if key := pointed(entry.Key()); key.Kind() == reflect.String {
				if i := queryField([]byte(key.String())); i >= 0 {
					f.set(i, entry.Value())
				}
			}
		}
	}
}

func (f *QueryFields) ofRaw(raw Raw) {
	for key, value := range wire.Pairs(raw) {
		switch queryField(key) {
		case fieldIndex:
			f.Query, f.MinQueryIndex = true, uint64(max(wire.Integer(value), 0))
		case fieldTime:
			f.MaxQueryTime = time.Duration(max(wire.Integer(value), 0))
		case fieldToken:
			f.Write, f.IdempotencyToken = true, len(wire.Text(value)) > 0
		case fieldForwarded:
			f.Forwarded = true
		}
	}
}

// pointed is what pointers and interfaces lead to.
func pointed(v reflect.Value) reflect.Value {
	for range 4 { // a pointer may point to itself
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface {
			break
		}
		v = v.Elem()
	}
	return v
}

// positive is an integer of whatever kind; zero if v is none, or is below.
func positive(v reflect.Value) int64 {
	switch {
	case v.CanInt():
		return max(v.Int(), 0)
	case v.CanUint():
		return int64(min(v.Uint(), math.MaxInt64))
	}
	return 0
}

// field is the field of v at an index; not valid if an embedded pointer on the way to it
// is nil.
func field(v reflect.Value, index []int) reflect.Value {
	if len(index) == 1 {
		return v.Field(index[0])
	}
	f, err := v.FieldByIndexErr(index)
	if err != nil {
		return reflect.Value{}
	}
	return f
}

// queryType is where a struct has its fields, by number; nil: nowhere.
type queryType [queryFieldCount][]int

// queryTypes remembers what was found of a type: to look costs more than to send
// a small call. The map is never written to; a new one takes its place.
type queryTypes struct {
	known atomic.Pointer[map[reflect.Type]*queryType]
}

// queries are the types of this program, which has not many.
var queries queryTypes

// mostQueryTypes bounds how many types are remembered, for programs that make them.
const mostQueryTypes = 1024

func (q *queryTypes) of(t reflect.Type) *queryType {
	var known map[reflect.Type]*queryType
	if p := q.known.Load(); p != nil {
		known = *p
	}
	if found, ok := known[t]; ok {
		return found
	}
	found := new(queryType)
	for i, name := range queryFieldNames {
		found[i] = wire.FieldIndex(t, name)
	}
	if len(known) < mostQueryTypes {
		more := make(map[reflect.Type]*queryType, len(known)+1)
		for t, f := range known {
			more[t] = f
		}
		more[t] = found
		q.known.Store(&more) // what another has just added is looked for again
	}
	return found
}
