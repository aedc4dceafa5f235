package wire

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/internal/typecache"
)

// plan is what values of one Go type take in memory when the codec decodes them. It is
// immutable once it is in the cache.
type plan struct {
	shape  shape
	size   uint64         // of a value where it stands, in bytes
	inside uint64         // of structs that it embeds by pointer: all come with the first of their fields
	key    *plan          // of a map
	elem   *plan          // of a map, a list, an array or a pointer
	fields map[string]int // where in order, by name
	order  []field        // of a struct, as it takes them from a list
	least  int            // the first one by name
	len    uint64         // of an array
	octets bool           // a list or an array of bytes, which may be a text in the input
	into   reflect.Type

	// Of a type that is asked for, with all that it has inside:
	row    uint64 // the most memory that one element of the input may take, besides its bytes
	misled bool   // the codec takes anything for a map where there is to be one
	blind  bool   // some of it asks the codec for what it wants, so nothing shows how that is read
	risk   uint64 // the most that one byte may take, if bytes are taken for what they are not
	open   uint64 // the most that lists and maps may take of which no element has come
}

// field is one of a struct.
type field struct {
	*plan
	name  string
	apart bool // it is in a struct that is embedded by pointer
	after int  // the next one by name, where in order: the codec writes them like that
}

// shape is what a plan's values are.
type shape uint8

const (
	flat     shape = iota // they take no memory besides their place
	chars                 // strings
	list                  // slices, and channels
	arrays                // arrays
	record                // structs
	dict                  // maps
	pointer               // pointers
	anything              // any: what the input makes of it
	own                   // of types that are given their bytes
	selfmade              // of types that ask the codec themselves
	closed                // channels: nothing is decoded into them
)

// plans are those of the types of replies.
var plans = typecache.New(4096, func(t reflect.Type) *plan {
	p := planner{}.of(t)
	p.survey()
	return p
})

// planner has the plans of the types that one type has inside, itself included.
type planner map[reflect.Type]*plan

var (
	selfer            = reflect.TypeFor[codec.Selfer]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	binaryMarshaler   = reflect.TypeFor[encoding.BinaryMarshaler]()
	extended          = reflect.TypeFor[codec.RawExt]()
	rawBytes          = reflect.TypeFor[codec.Raw]()
	missing           = reflect.TypeFor[codec.MissingFielder]()
	anyType           = reflect.TypeFor[any]()
)

func (all planner) of(t reflect.Type) *plan {
	if p := all[t]; p != nil {
		return p
	}
	p := &plan{size: uint64(t.Size()), into: t}
	all[t] = p
	kind := t.Kind()
	if kind != reflect.Pointer {
		switch {
		case has(t, selfer), kind == reflect.Struct && numbered(t):
			p.shape = selfmade
			return p
		case t == extended, t == rawBytes, has(t, binaryMarshaler) && has(t, binaryUnmarshaler):
			p.shape = own
			return p
		}
	}
	switch kind {
	case reflect.String:
		p.shape = chars
	case reflect.Slice:
		p.shape, p.elem, p.octets = list, all.of(t.Elem()), t.Elem().Kind() == reflect.Uint8
	case reflect.Chan:
		p.shape = closed
	case reflect.Array:
		p.shape, p.elem, p.octets, p.len = arrays, all.of(t.Elem()), t.Elem().Kind() == reflect.Uint8, uint64(t.Len())
	case reflect.Pointer:
		p.shape, p.elem = pointer, all.of(t.Elem())
	case reflect.Map:
		p.shape, p.key, p.elem = dict, all.of(t.Key()), all.of(t.Elem())
	case reflect.Interface:
		p.shape = anything
	case reflect.Struct:
		p.shape = record
		all.fields(p, t)
	default:
		p.shape = flat
	}
	return p
}

// has reports whether a value of t, or a pointer to one, has these methods.
func has(t, methods reflect.Type) bool {
	return t.Implements(methods) || reflect.PointerTo(t).Implements(methods)
}

// numbered reports whether the codec takes numbers for the names of a struct's fields.
func numbered(t reflect.Type) bool {
	f, ok := t.FieldByName("_struct")
	if !ok {
		return false
	}
	_, options, _ := strings.Cut(f.Tag.Get("codec"), ",")
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "int", "uint", "float":
			return true
		}
	}
	return false
}

// fields fills in those of a struct.
func (all planner) fields(p *plan, t reflect.Type) {
	p.fields = make(map[string]int)
	embedded := make(map[string]uint64) // by where they are
	depths := make(map[string][]int)    // of fields by name
	plain := make(map[string]bool)      // whether no field of the name has others inside
	eachField(t, func(name string, index []int) {
		at, apart := t, false
		for i, x := range index {
			if at.Kind() == reflect.Pointer {
				at, apart = at.Elem(), true
				embedded[fmt.Sprint(index[:i])] = rounded(uint64(at.Size()))
			}
			at = at.Field(x).Type
		}
		of := all.of(at)
		plain[name] = (len(depths[name]) == 0 || plain[name]) && (of.shape == flat || of.shape == chars)
		depths[name] = append(depths[name], len(index))
		if slices.Equal(FieldIndex(t, name), index) { // else another one of this name wins
			p.fields[name] = len(p.order)
			p.order = append(p.order, field{plan: of, name: name, apart: apart})
		}
	})
	for name, at := range depths {
		if unsure := len(at) > 2 || len(at) == 2 && at[0] == at[1]; unsure && !plain[name] {
			f := &p.order[p.fields[name]] // which of them the codec reads depends on others
			f.plan, p.blind = &plan{shape: own, size: f.size, into: f.into}, true
		}
	}
	p.least = len(p.order)
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(p.fields))) {
		i := p.fields[name]
		p.order[i].after, p.least = p.least, i
	}
	for _, size := range embedded {
		p.inside = sum(p.inside, size)
	}
	if has(t, missing) {
		p.elem = all.of(anyType) // of the fields that it has not
	}
}

// survey looks at all that a type has inside. The most memory that one element of the input
// may take besides its bytes is its place in what it is an element of, what a value of its type
// begins, and what pointers lead to: each the most that there is anywhere in the type.
//
// Where the codec takes bytes for what they are not, each byte may be an element. Lists and maps
// that have got all of theirs take no more than that. Those that have not are the ones inside
// each other at which the codec ends with an error, and are as long as they are first made.
func (p *plan) survey() {
	var place, begins, behind, first uint64
	seen := make(map[*plan]bool)
	var visit func(*plan)
	visit = func(in *plan) {
		if in == nil || seen[in] {
			return
		}
		seen[in] = true
		switch in.shape {
		case list:
			place = max(place, sum(in.elem.size, in.elem.size/8))
			first = max(first, rounded(product(firstLen(in.elem.size), in.elem.size)))
		case dict:
			place = max(place, in.entries(1))
			begins = max(begins, mapHeader)
			first = max(first, in.entries(firstLen(in.key.size+in.elem.size)))
			p.misled = true
		case anything:
			place = max(place, anyMap.entries(1))
			begins = max(begins, beginsAny)
			first = max(first, anyMap.entries(firstLen(anyMap.key.size+anyMap.elem.size)))
		case pointer:
			behind = max(behind, in.behind())
		case record:
			begins = max(begins, in.inside)
			p.blind = p.blind || in.blind
		case selfmade, closed: // so that there is a look at what comes for a channel
			p.blind = true
		case flat, chars, arrays, own:
		}
		visit(in.key)
		visit(in.elem)
		for i := range in.order {
			visit(in.order[i].plan)
		}
	}
	visit(p)
	p.misled = p.misled || p.blind
	p.row = sum(sum(place, behind), max(begins, smallest))
	p.risk = sum(p.row, product(2, place)) // a list that grows is there twice for a moment
	p.open = product(p.depth(make(map[*plan]uint64)), first)
}

// depth is how many lists and maps values of a type may have inside each other. known has
// those of types that were looked at, and of those that are.
func (p *plan) depth(known map[*plan]uint64) uint64 {
	if p == nil {
		return 0
	}
	if depth, is := known[p]; is {
		return depth
	}
	known[p] = MaxDepth + 1 // if it leads to itself
	deepest := max(p.key.depth(known), p.elem.depth(known))
	for i := range p.order {
		deepest = max(deepest, p.order[i].depth(known))
	}
	switch p.shape {
	case anything:
		deepest = MaxDepth + 1
	case list, dict:
		deepest = min(deepest+1, MaxDepth+1)
	}
	known[p] = deepest
	return deepest
}

// What an any holds: itself, and the map that it gets.
var (
	anyValue = &plan{shape: anything, size: 2 * word, into: anyType}
	anyMap   = &plan{shape: dict, size: word, key: &plan{shape: chars, size: 2 * word, into: reflect.TypeFor[string]()}, elem: anyValue, into: reflect.TypeFor[map[string]any]()}
)

// behind is the size of what a pointer, perhaps to a pointer and so on, leads to.
func (p *plan) behind() (size uint64) {
	for range MaxDepth {
		if p.shape != pointer {
			break
		}
		p = p.elem
		size = sum(size, rounded(p.size))
	}
	return size
}
