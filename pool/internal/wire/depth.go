package wire

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/internal/typecache"
)

// The codec follows pointers and interfaces wherever they lead: a value that contains itself
// would take all of the stack, which ends the process.
const (
	maxSteps  = 1000    // from one value to the next inside, with pointers
	maxValues = 1 << 22 // lists, maps and structs: parts that are shared are written each time
)

// Why a value cannot be written.
var (
	errDeep = fmt.Errorf("it contains itself, or nests deeper than %d lists and maps", MaxDepth)
	errWide = errors.New("it has too many lists and maps: parts of it are in it very often")
)

// finite is an error if v contains itself, nests too deep, or has too many parts. Of a value
// whose type allows none of that it looks at nothing. selfers reports whether v may have parts
// that write themselves: what is made of v need not be one value then.
func finite(v any) (selfers bool, err error) {
	switch v := v.(type) {
	case nil, bool, string, int, int64, uint64, []byte, []string, map[string]string:
		return false, nil
	case map[string]any:
		w := walker{left: maxValues}
		err = w.dict(v, 1, 1)
		return w.selfers, err
	default:
		t := reflect.TypeOf(v)
		if s := descents.Of(t); s.bounded {
			return s.selfers, nil
		}
		w := walker{left: maxValues}
		err = w.value(reflect.ValueOf(v), 0, 0)
		return w.selfers, err
	}
}

// walker looks for the end of a value.
type walker struct {
	left    int
	selfers bool // there was a type with one
}

// enter counts a list, map or struct as deep as depth.
func (w *walker) enter(depth, steps int) error {
	if w.left--; w.left < 0 {
		return errWide
	}
	if depth > MaxDepth || steps > maxSteps {
		return errDeep
	}
	return nil
}

// dict looks at the values of a map: what most arguments without a type are.
func (w *walker) dict(m map[string]any, depth, steps int) error {
	if err := w.enter(depth, steps); err != nil {
		return err
	}
	for _, v := range m {
		if err := w.element(v, depth, steps+1); err != nil {
			return err
		}
	}
	return nil
}

// element looks at what an interface holds. depth is that around it.
func (w *walker) element(v any, depth, steps int) error {
	switch v := v.(type) {
	case nil, bool, string, int, int64, uint64, float64, []byte, []string, map[string]string, time.Duration:
		return nil
	case map[string]any:
		return w.dict(v, depth+1, steps)
	case []any:
		if err := w.enter(depth+1, steps); err != nil {
			return err
		}
		for _, e := range v {
			if err := w.element(e, depth+1, steps+1); err != nil {
				return err
			}
		}
		return nil
	default:
		return w.value(reflect.ValueOf(v), depth, steps)
	}
}

// value looks at a value of any type.
func (w *walker) value(v reflect.Value, depth, steps int) error {
	s := descents.Of(v.Type())
	w.selfers = w.selfers || s.selfers
	if s.bounded {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if steps > maxSteps {
			return errDeep
		}
		if v.IsNil() {
			return nil
		}
		return w.value(v.Elem(), depth, steps+1)
	case reflect.Struct:
		if err := w.enter(depth+1, steps); err != nil {
			return err
		}
		for _, i := range s.fields {
			if err := w.value(v.Field(i), depth+1, steps+1); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		if err := w.enter(depth+1, steps); err != nil {
			return err
		}
		for i := range v.Len() {
			if err := w.value(v.Index(i), depth+1, steps+1); err != nil {
				return err
			}
		}
	case reflect.Map:
		if v.Type() == anyMap.into && v.CanInterface() {
			return w.dict(v.Interface().(map[string]any), depth+1, steps) // which allocates nothing
		}
		if err := w.enter(depth+1, steps); err != nil {
			return err
		}
		for entry := v.MapRange(); entry.Next(); {
			if err := w.value(entry.Key(), depth+1, steps+1); err != nil {
				return err
			}
			if err := w.value(entry.Value(), depth+1, steps+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// descent is what the values of a type can hold.
type descent struct {
	bounded bool  // no interface, and nothing of a type that contains itself
	selfers bool  // a codec.Selfer, beside what interfaces hold
	fields  []int // of a struct, those that are not bounded
}

// descents are those of the types of arguments.
var descents = typecache.New(1024, newDescent)

func newDescent(t reflect.Type) *descent {
	known := make(boundedTypes)
	s := &descent{bounded: known.bounded(t), selfers: make(typeSet).holdsSelfer(t)}
	if t.Kind() == reflect.Struct && !s.bounded {
		for i := range t.NumField() {
			if f := t.Field(i); written(&f) && !make(boundedTypes).bounded(f.Type) {
				s.fields = append(s.fields, i)
			}
		}
	}
	return s
}

// boundedTypes are types that were looked at: true for those that are bounded, false for
// those around the one that is looked at now.
type boundedTypes map[reflect.Type]bool

// bounded reports whether values of t hold no interface, and nothing of a type that is part
// of itself.
func (b boundedTypes) bounded(t reflect.Type) bool {
	if is, known := b[t]; known {
		return is
	}
	b[t] = writesItself(t)
	if !b[t] {
		b[t] = b.parts(t)
	}
	return b[t]
}

// parts reports whether all that values of t consist of is bounded.
func (b boundedTypes) parts(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && !slices.ContainsFunc(partsOf(t), func(part reflect.Type) bool { return !b.bounded(part) })
}

// typeSet are types that were looked at.
type typeSet map[reflect.Type]bool

// holdsSelfer reports whether values of t are a codec.Selfer or hold one, interfaces aside.
func (seen typeSet) holdsSelfer(t reflect.Type) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	return isSelfer(t) || slices.ContainsFunc(partsOf(t), seen.holdsSelfer)
}

// partsOf are the types of what the codec writes of a value of t.
func partsOf(t reflect.Type) (parts []reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return []reflect.Type{t.Elem()}
	case reflect.Map:
		return []reflect.Type{t.Key(), t.Elem()}
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); written(&f) {
				parts = append(parts, f.Type)
			}
		}
	}
	return parts
}

// written reports whether the codec writes a field.
func written(f *reflect.StructField) bool {
	return (f.IsExported() || f.Anonymous) && f.Tag.Get("codec") != "-"
}

// writesItself reports whether the codec leaves values of t to methods of the type.
func writesItself(t reflect.Type) bool {
	return hasMethods[codec.Selfer](t) || hasMethods[encoding.BinaryMarshaler](t) && hasMethods[encoding.BinaryUnmarshaler](t)
}

// isSelfer reports whether methods of t write to the codec whatever they like, or name what else
// it is to write.
func isSelfer(t reflect.Type) bool {
	return hasMethods[codec.Selfer](t) || hasMethods[codec.MissingFielder](t)
}

// hasMethods reports whether t or a pointer to it has the methods of I.
func hasMethods[I any](t reflect.Type) bool {
	methods := reflect.TypeFor[I]()
	return t.Implements(methods) || reflect.PointerTo(t).Implements(methods)
}
