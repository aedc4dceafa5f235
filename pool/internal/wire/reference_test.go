package wire_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// reference is the codec as a server sets it up, without any bound.
var reference = newReference()

// resetting is reference, but where a key is there more than once an any has what the last one
// says, and not that put into what the first one says.
var resetting = func() *codec.MsgpackHandle {
	h := newReference()
	h.InterfaceReset = true
	return h
}()

func newReference() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.RawToString = true
	h.TimeNotBuiltin = true
	h.MapType = reflect.TypeFor[map[string]any]()
	h.TypeInfos = codec.NewTypeInfos([]string{"codec"})
	return h
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	var b []byte
	noError(t, codec.NewEncoderBytes(&b, reference).Encode(v))
	return b
}

// randomValue has every type that a reply may hold.
func randomValue(r *rand.Rand, depth int) any {
	kinds := 9
	if depth > 0 {
		kinds = 12
	}
	switch r.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return r.Int64() >> r.IntN(64)
	case 3:
		return -(r.Int64() >> r.IntN(63))
	case 4:
		return r.Uint64() >> r.IntN(64)
	case 5:
		return r.Float64()
	case 6:
		return r.Float32()
	case 7:
		return strings.Repeat("s", r.IntN(1<<r.IntN(10)))
	case 8:
		return make([]byte, r.IntN(300))
	case 9:
		list := make([]any, r.IntN(20))
		for i := range list {
			list[i] = randomValue(r, depth-1)
		}
		return list
	case 10:
		return struct {
			Name string
			Any  any
		}{"name", randomValue(r, depth-1)}
	default:
		pairs := map[string]any{}
		for range r.IntN(20) {
			pairs[strings.Repeat("k", r.IntN(40))] = randomValue(r, depth-1)
		}
		return pairs
	}
}
