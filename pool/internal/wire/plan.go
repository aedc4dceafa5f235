package wire

import (
	"encoding"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// plan is what values of one Go type take in memory when the codec decodes them. It is
// immutable once it is in the cache.
type plan struct {
	shape  shape
	size   uint64 // of a value where it stands, in bytes
	inside uint64 // of structs that it embeds by pointer: all come with the first of their fields
	key    *plan  // of a map
	elem   *plan  // of a map, a list, an array or a pointer
	fields map[string]field
	order  []field // the same, as a struct takes them from a list
	row    uint64  // the most memory that one element of the input may take, besides its bytes
}

// field is one of a struct.
type field struct {
	*plan
	apart bool // it is in a struct that is embedded by pointer
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
	own                   // of types that read their bytes themselves
)

// What the runtime takes for a map, and for the smallest part of one that is not empty.
const (
	mapHeader = 64
	mapGroup  = 8   // entries
	mapInline = 128 // bytes: a larger key or value stands apart
)

// planCache has the plans of the types of replies. It is copied to be changed: a program has few.
var planCache atomic.Pointer[map[reflect.Type]*plan]

// mostPlans bounds the cache. It begins anew with more: types may be made at run time.
const mostPlans = 4096

// planOf is the plan of a type.
func planOf(t reflect.Type) *plan {
	cached := planCache.Load()
	if cached != nil {
		if p := (*cached)[t]; p != nil {
			return p
		}
	}
	made := planner{}
	p := made.of(t)
	p.row = p.widest()
	next := map[reflect.Type]*plan{t: p}
	if cached != nil && len(*cached) < mostPlans {
		next = maps.Clone(*cached)
		next[t] = p
	}
	planCache.CompareAndSwap(cached, &next) // a race that is lost makes the plan once more, later
	return p
}

// planner has the plans of the types that one type has inside, itself included.
type planner map[reflect.Type]*plan

var (
	selfer            = reflect.TypeFor[codec.Selfer]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	extended          = reflect.TypeFor[codec.RawExt]()
	rawBytes          = reflect.TypeFor[codec.Raw]()
	missing           = reflect.TypeFor[codec.MissingFielder]()
	anyType           = reflect.TypeFor[any]()
)

func (all planner) of(t reflect.Type) *plan {
	if p := all[t]; p != nil {
		return p
	}
	p := &plan{size: uint64(t.Size())}
	all[t] = p
	kind := t.Kind()
	if kind != reflect.Pointer && (t == extended || t == rawBytes || has(t, selfer) || has(t, binaryUnmarshaler)) {
		p.shape = own
		return p
	}
	switch kind {
	case reflect.String:
		p.shape = chars
	case reflect.Slice, reflect.Chan:
		p.shape, p.elem = list, all.of(t.Elem())
	case reflect.Array:
		p.shape, p.elem = arrays, all.of(t.Elem())
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

// fields fills in those of a struct.
func (all planner) fields(p *plan, t reflect.Type) {
	p.fields = make(map[string]field)
	embedded := make(map[string]uint64) // by where they are
	eachField(t, func(name string, index []int) {
		if !slices.Equal(FieldIndex(t, name), index) {
			return // another one of this name wins
		}
		at, apart := t, false
		for i, x := range index {
			if at.Kind() == reflect.Pointer {
				at, apart = at.Elem(), true
				embedded[fmt.Sprint(index[:i])] = rounded(uint64(at.Size()))
			}
			at = at.Field(x).Type
		}
		p.fields[name] = field{all.of(at), apart}
		p.order = append(p.order, p.fields[name])
	})
	for _, size := range embedded {
		p.inside = sum(p.inside, size)
	}
	if has(t, missing) {
		p.elem = all.of(anyType) // of the fields that it has not
	}
}

// widest is the most memory that one element of the input may take besides its bytes: its
// place in what it is an element of, what a value of its type begins, and what pointers
// lead to. Each is the most that there is anywhere in the type.
func (p *plan) widest() uint64 {
	var place, begins, behind uint64
	seen := make(map[*plan]bool)
	var visit func(*plan)
	visit = func(p *plan) {
		if p == nil || seen[p] {
			return
		}
		seen[p] = true
		switch p.shape {
		case list:
			place = max(place, sum(p.elem.size, p.elem.size/8))
		case dict:
			place = max(place, p.entries(1))
			begins = max(begins, mapHeader)
		case anything:
			place = max(place, anyMap.entries(1))
			begins = max(begins, beginsAny)
		case pointer:
			behind = max(behind, p.behind())
		case record:
			begins = max(begins, p.inside)
		case flat, chars, arrays, own:
		}
		visit(p.key)
		visit(p.elem)
		for _, f := range p.order {
			visit(f.plan)
		}
	}
	visit(p)
	return sum(sum(place, behind), max(begins, smallest))
}

const (
	// smallest is the least that the runtime takes for anything.
	smallest = 16
	// beginsAny is what it takes to put something into an any that is no string.
	beginsAny = 64
)

// What an any holds: itself, and the map that it gets.
var (
	anyValue = &plan{shape: anything, size: 16}
	anyMap   = &plan{shape: dict, size: 8, key: &plan{shape: chars, size: 16}, elem: anyValue}
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

// entries is what the runtime takes for n entries of a map. Their places come in powers of
// two, filled up to seven eighths; what is large in them stands apart.
func (p *plan) entries(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	places := uint64(mapGroup)
	if n > mapGroup {
		places = 1 << bits.Len64(n+n/7)
	}
	place, apart := uint64(0), uint64(0)
	for _, size := range [...]uint64{p.key.size, p.elem.size} {
		if size > mapInline {
			place, apart = place+8, sum(apart, rounded(size))
		} else {
			place += size
		}
	}
	place = (place+7)&^7 + 1 // and a byte that tells whether it is taken
	return sum(rounded(product(places, place)), product(n, apart))
}

// rounded is about what the runtime takes for an allocation of n bytes.
func rounded(n uint64) uint64 {
	if n <= 1024 {
		return (n + smallest - 1) &^ (smallest - 1)
	}
	return sum(n, n/8)
}

// sum is a+b, or the most that there is.
func sum(a, b uint64) uint64 {
	if s, carry := bits.Add64(a, b, 0); carry == 0 {
		return s
	}
	return math.MaxUint64
}

// product is a*b, or the most that there is.
func product(a, b uint64) uint64 {
	if high, low := bits.Mul64(a, b); high == 0 {
		return low
	}
	return math.MaxUint64
}
