package pool

import (
	"reflect"
	"sync/atomic"
	"time"
)

// longestBlock is how long a server holds a blocking query at most, and how long
// it holds one that does not say.
const longestBlock = 300 * time.Second

// BlockTime is how long args ask a server to hold the call until there is news,
// 300 s at most; zero if they are no blocking query. They say it as Nomad's do, in a
// struct or a map with string keys: by a MinQueryIndex above zero and MaxQueryTime,
// without which a server holds a query for its 300 s; or by a method
// TimeToBlock() time.Duration.
func BlockTime(args any) time.Duration {
	if a, ok := args.(interface{ TimeToBlock() time.Duration }); ok {
		if block := a.TimeToBlock(); block > 0 {
			return min(block, longestBlock)
		}
	}
	var index, most reflect.Value
	if m, ok := args.(map[string]any); ok {
		index, most = reflect.ValueOf(m[indexField]), reflect.ValueOf(m[blockField])
	} else {
		index, most = queryFields(reflect.ValueOf(args))
	}
	if number(index) <= 0 {
		return 0
	}
	if block := time.Duration(number(most)); block > 0 {
		return min(block, longestBlock)
	}
	return longestBlock
}

// The names of what makes a query block.
const indexField, blockField = "MinQueryIndex", "MaxQueryTime"

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

// queryFields are the two fields of a struct, or of what pointers to one point to;
// not valid where there is none.
func queryFields(v reflect.Value) (index, most reflect.Value) {
	for range 4 { // a pointer may point to itself
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
	}
	if v.Kind() != reflect.Struct {
		return index, most
	}
	at := queries.of(v.Type())
	return field(v, at.index), field(v, at.most)
}

// field is the field of v at an index; not valid if there is none, or an embedded
// pointer on the way to it is nil.
func field(v reflect.Value, index []int) reflect.Value {
	if index == nil {
		return reflect.Value{}
	}
	f, err := v.FieldByIndexErr(index)
	if err != nil {
		return reflect.Value{}
	}
	return f
}

// queryType is where a struct has its two fields; nil: nowhere.
type queryType struct{ index, most []int }

// queryTypes remembers what was found of a type: to look costs more than to send
// a small call. The map is never written to; a new one takes its place.
type queryTypes struct {
	known atomic.Pointer[map[reflect.Type]queryType]
}

// queries are the types of this program, which has not many.
var queries queryTypes

// mostQueryTypes bounds how many types are remembered, for programs that make them.
const mostQueryTypes = 1024

func (q *queryTypes) of(t reflect.Type) queryType {
	var known map[reflect.Type]queryType
	if p := q.known.Load(); p != nil {
		known = *p
	}
	found, ok := known[t]
	if ok {
		return found
	}
	if f, ok := t.FieldByName(indexField); ok {
		found.index = f.Index
	}
	if f, ok := t.FieldByName(blockField); ok {
		found.most = f.Index
	}
	if len(known) < mostQueryTypes {
		more := make(map[reflect.Type]queryType, len(known)+1)
		for t, f := range known {
			more[t] = f
		}
		more[t] = found
		q.known.Store(&more) // what another has just added is looked for again
	}
	return found
}
