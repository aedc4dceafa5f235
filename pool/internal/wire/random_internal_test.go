package wire

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// part is what several fields of parts have inside.
type part struct {
	Name  string
	Bytes [64]byte
}

// inside is embedded.
type inside struct{ In map[string]part }

// parts has fields of all kinds.
type parts struct {
	Map   map[string]part
	List  []part
	Array [2]part
	PMap  *map[string]part
	Lists [][]part
	Maps  map[string]map[string]part
	ByPtr map[*map[string]part]int
	Any   any
	inside
	Names []string
	Data  []byte
	Word  string
	Size  int
	At    time.Time
	Self  *parts
	Selfs []parts
	AnyM  map[string]any
	Raw   codec.Raw
	Ext   codec.RawExt
	ByAny map[any]any
}

var partNames = []string{"Map", "List", "Array", "PMap", "Lists", "Maps", "ByPtr", "Any", "In", "Names", "Data", "Word", "Size", "At", "Self", "Selfs", "AnyM", "Raw", "Ext", "ByAny", "Name", "none"}

// chance makes values that are whole, of the bytes of which many could be heads of others.
type chance struct {
	*rand.Rand
	b []byte
}

func (c *chance) name() {
	s := partNames[c.IntN(len(partNames))]
	switch c.IntN(6) {
	case 0:
		c.b = append(c.b, 0xc4, byte(len(s)))
	case 1:
		c.b = append(c.b, 0xd9, byte(len(s)))
	default:
		c.b = append(c.b, 0xa0|byte(len(s)))
	}
	c.b = append(c.b, s...)
}

func (c *chance) content(n int) {
	const heads = "\xdd\x00\x00\x01\xff\xc0\x80\x90\xdc\xde\xdf\x05\xa1W\xc7\x82\x92"
	for range n {
		c.b = append(c.b, heads[c.IntN(len(heads))])
	}
}

func (c *chance) value(depth int) {
	kind := c.IntN(22)
	if depth <= 0 {
		kind = c.IntN(14)
	}
	n := c.IntN(30)
	switch kind {
	case 0, 1:
		c.name()
	case 2:
		c.b = append(c.b, byte(c.IntN(128)))
	case 3, 4, 5, 6:
		size := c.IntN(4)
		c.b = append(c.b, []byte{0xcc, 0xd0}[c.IntN(2)]+byte(size))
		c.content(1 << size)
	case 7:
		size := c.IntN(5)
		c.b = append(c.b, 0xd4+byte(size))
		c.content(1 + 1<<size)
	case 8:
		c.b = append(c.b, 0xc7, byte(n), byte(c.IntN(3)*127))
		c.content(n)
	case 9:
		c.b = append(c.b, 0xa0|byte(n))
		c.content(n)
	case 10:
		c.b = append(c.b, 0xc5, 0, byte(n))
		c.content(n)
	case 11, 12, 13:
		c.b = append(c.b, "\xc0\xc0\xc2\xc3\x80\x90"[c.IntN(6)])
	case 14, 15:
		c.b = append(c.b, 0x90|byte(n%5))
		for range n % 5 {
			c.value(depth - 1)
		}
	default:
		c.b = append(c.b, 0x80|byte(n%5))
		for range n % 5 {
			if c.IntN(15) == 0 {
				c.value(depth - 2)
			} else {
				c.name()
			}
			c.value(depth - 1)
		}
	}
}

// What a weigher lets pass the codec reads as it was weighed: it makes no more of it than that,
// also if lists get their length at once, and it is what it makes of it otherwise.
func TestWhatIsWeighedIsReadAsItWasWeighed(t *testing.T) {
	passed, refused := 0, 0
	for seed := range uint64(4000) {
		c := &chance{Rand: rand.New(rand.NewPCG(seed, 7))}
		c.value(6)
		if err := Whole(c.b); err != nil {
			t.Fatalf("% x: %v", c.b, err)
		}
		for _, into := range []any{parts{}, map[string]parts{}, []map[string]part{}, map[string]any{}, inside{}} {
			of := reflect.TypeOf(into)
			want, got, d := reflect.New(of), reflect.New(of), NewDecoder()
			var cost uint64
			d.Charge(func(bytes uint64) error { cost = bytes; return nil })
			if _, err := d.weigh(c.b, of); err != nil {
				refused++
				continue
			}
			wantErr := codec.NewDecoderBytes(c.b, handle).Decode(want.Interface())
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := d.decode(c.b, got.Interface(), atOnce)
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > 3*cost+64<<10 {
				t.Fatalf("%v of % x takes %d bytes, %d were estimated", of, c.b, took, cost)
			}
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%v of % x: %v, %v", of, c.b, err, wantErr)
			}
			if passed++; err == nil && of != reflect.TypeFor[parts]() && of != reflect.TypeFor[map[string]parts]() && !reflect.DeepEqual(want.Interface(), got.Interface()) { // keys that are pointers differ
				t.Fatalf("%v of % x: %v, %v", of, c.b, got.Elem(), want.Elem())
			}
		}
	}
	if passed < 1000 || refused < 1000 {
		t.Errorf("%d passed, %d were refused", passed, refused)
	}
}
