package wire_test

import (
	"reflect"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Shared and Deep are embedded, so they have to be exported where a pointer leads to
// them.
type Shared struct {
	A string `codec:"X"`
	B string
	C string `json:"J"`
}

type Deep struct {
	*Shared
	B string `codec:"BB"`
}

type shared Shared

// Loop embeds itself.
type Loop struct {
	*Loop
	B string
}

// A field is where the codec takes it from.
func TestFieldsAreFoundByTheNamesTheyTravelUnder(t *testing.T) {
	names := []string{"A", "B", "BB", "C", "J", "X", "Shared", "Deep", "shared", "In", "Level", "F", "json"}
	for _, v := range []any{
		Shared{"a", "b", "c"},
		struct{ Shared }{Shared{"a", "b", "c"}},
		struct{ *Shared }{&Shared{"a", "b", "c"}},
		struct{ shared }{shared{"a", "b", "c"}},
		struct{ *shared }{&shared{"a", "b", "c"}},
		struct {
			Shared `codec:"In"`
		}{Shared{"a", "b", "c"}},
		struct {
			Shared `codec:",omitempty"`
		}{Shared{"a", "b", "c"}},
		struct {
			Shared `codec:"-"`
			A      string
		}{Shared{"a", "b", "c"}, "outer"},
		struct {
			Shared
			B string
			C string `codec:"-"`
		}{Shared{"a", "b", "c"}, "outer", "no"},
		struct {
			B string
			*Deep
		}{"outer", &Deep{&Shared{"a", "b", "c"}, "deep"}},
		struct {
			*Deep
			In Shared
		}{&Deep{&Shared{"a", "b", "c"}, "deep"}, Shared{"d", "e", "f"}},
		struct {
			Renamed string `codec:"A" json:"json"`
			A       string `codec:"B"`
			b       string
			Level
			F func() `codec:"C"`
		}{"a", "b", "hidden", 3, nil},
		Loop{&Loop{nil, "inner"}, "outer"},
		struct {
			One string `codec:"A"`
			Two string `codec:"A"`
		}{"first", "last"},
		struct{}{},
	} {
		b, err := wire.NewEncoder().Value(nil, v)
		noError(t, err)
		var sent map[string]any
		noError(t, wire.NewDecoder().Body(b, &sent))
		for _, name := range names {
			index := wire.FieldIndex(reflect.TypeOf(v), name)
			want, travels := sent[name]
			if travels != (index != nil) {
				t.Errorf("%T: %s is at %v, and sent: %v", v, name, index, travels)
				continue
			}
			if !travels {
				continue
			}
			field := reflect.ValueOf(v).FieldByIndex(index)
			switch field.Kind() {
			case reflect.String:
				if field.String() != want {
					t.Errorf("%T: %s is %q, sent was %v", v, name, field.String(), want)
				}
			case reflect.Struct, reflect.Int32, reflect.Pointer:
			default:
				t.Errorf("%T: %s is a %v", v, name, field.Kind())
			}
		}
	}
}
