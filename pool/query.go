package pool

import (
	"math"
	"reflect"
	"time"

	"github.com/open-nomad/rpcproxy/internal/typecache"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// RequestFields are the fields of a request's arguments that tell Nomad's servers,
// whatever the method, how to treat it (QueryOptions and WriteRequest in
// nomad/structs/structs.go of Nomad 2.0.6).
type RequestFields struct {
	Query            bool          // there is a MinQueryIndex: the request has QueryOptions
	MinQueryIndex    uint64        // above zero the server holds the call until something changes
	MaxQueryTime     time.Duration // for so long at most
	Write            bool          // there is an IdempotencyToken: the request is a WriteRequest
	IdempotencyToken bool          // and it is not empty
	Forwarded        bool          // there is a Forwarded, as in both
	Region           string        // the region that is to serve it
	ServerID         string        // the one server that is to serve it, by ID or name, or "leader"
}

// Fields reads these fields of args: a struct, a map, a pointer to one, or a Raw. Names are
// those on the wire, so codec tags count and Go names do not, with Config.Codec too. A
// field that is absent, or of another type, is zero. It allocates nothing for structs and
// for a map[string]any, and for a Raw no more than the two texts.
func Fields(args any) RequestFields { return fieldsOf(args, fieldCount) }

// fieldsOf reads the first n fields, or more of them.
func fieldsOf(args any, n int) (f RequestFields) {
	switch args := args.(type) {
	case map[string]any:
		f.ofMap(args, n)
		return f
	case Raw:
		f.ofRaw(args, n)
		return f
	}
	v := pointed(reflect.ValueOf(args))
	switch v.Kind() {
	case reflect.Struct:
		at := queries.Of(v.Type())
		for i := range n {
			if index := at[i]; index != nil {
				f.set(i, field(v, index))
			}
		}
	case reflect.Map:
		f.ofMapValue(v)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[Raw]() {
			f.ofRaw(v.Bytes(), n)
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
	fieldRegion
	fieldServer
	fieldCount
)

// fieldNames are the names on the wire.
var fieldNames = [fieldCount]string{"MinQueryIndex", "MaxQueryTime", "IdempotencyToken", "Forwarded", "Region", "ServerID"}

// fieldKeys are the names as the keys of a map.
var fieldKeys = func() (keys [fieldCount]reflect.Value) {
	for i, name := range fieldNames {
		keys[i] = reflect.ValueOf(name)
	}
	return keys
}()

// fieldNumber is the number of a field; -1 for any other name.
func fieldNumber(name []byte) int {
	for i, known := range fieldNames {
		if known == string(name) { // does not allocate
			return i
		}
	}
	return -1
}

// set takes a field's value. It is not valid if a pointer that leads to it is nil.
func (f *RequestFields) set(i int, v reflect.Value) {
	v = pointed(v)
	var text string
	if v.Kind() == reflect.String {
		text = v.String()
	}
	switch i {
	case fieldIndex:
		f.Query, f.MinQueryIndex = true, uint64(positive(v))
	case fieldTime:
		f.MaxQueryTime = time.Duration(positive(v))
	case fieldToken:
		f.Write, f.IdempotencyToken = true, text != ""
	case fieldForwarded:
		f.Forwarded = true
	case fieldRegion:
		f.Region = text
	case fieldServer:
		f.ServerID = text
	}
}

func (f *RequestFields) ofMap(m map[string]any, n int) {
	for i, name := range fieldNames[:n] {
		if v, ok := m[name]; ok {
			f.set(i, reflect.ValueOf(v))
		}
	}
}

// ofMapValue reads a map of any other type.
func (f *RequestFields) ofMapValue(m reflect.Value) {
	switch key := m.Type().Key(); key.Kind() {
	case reflect.String:
		for i, name := range fieldKeys {
			if key != name.Type() {
				name = name.Convert(key)
			}
			if v := m.MapIndex(name); v.IsValid() {
				f.set(i, v)
			}
		}
	case reflect.Interface: // a key may be a string of any type
		for entry := m.MapRange(); entry.Next(); {
			if key := pointed(entry.Key()); key.Kind() == reflect.String {
				if i := fieldNumber([]byte(key.String())); i >= 0 {
					f.set(i, entry.Value())
				}
			}
		}
	}
}

func (f *RequestFields) ofRaw(raw Raw, n int) {
	for key, value := range wire.Pairs(raw) {
		number := fieldNumber(key)
		if number >= n {
			continue
		}
		switch number {
		case fieldIndex:
			f.Query, f.MinQueryIndex = true, uint64(max(wire.Integer(value), 0))
		case fieldTime:
			f.MaxQueryTime = time.Duration(max(wire.Integer(value), 0))
		case fieldToken:
			f.Write, f.IdempotencyToken = true, len(wire.Text(value)) > 0
		case fieldForwarded:
			f.Forwarded = true
		case fieldRegion:
			f.Region = string(wire.Text(value))
		case fieldServer:
			f.ServerID = string(wire.Text(value))
		}
	}
}

// pointed is v behind its pointers and interfaces.
func pointed(v reflect.Value) reflect.Value {
	for range 4 { // a pointer may point to itself
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface {
			break
		}
		v = v.Elem()
	}
	return v
}

// positive is an integer of any kind; zero if v is none, or is negative.
func positive(v reflect.Value) int64 {
	switch {
	case v.CanInt():
		return max(v.Int(), 0)
	case v.CanUint():
		return int64(min(v.Uint(), math.MaxInt64))
	}
	return 0
}

// field is the field of v at index; not valid if an embedded pointer that leads to it is
// nil.
func field(v reflect.Value, index []int) reflect.Value {
	if len(index) == 1 {
		return v.Field(index[0])
	}
	f, _ := v.FieldByIndexErr(index) // not valid after an error
	return f
}

// queryType is where a struct has its fields, by number; nil: nowhere.
type queryType [fieldCount][]int

// queries is where types have the fields: to look that up costs more than to send a small call.
var queries = typecache.New(1024, func(t reflect.Type) *queryType {
	found := new(queryType)
	for i, name := range fieldNames {
		found[i] = wire.FieldIndex(t, name)
	}
	return found
})
