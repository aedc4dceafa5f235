package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Row is a large element.
type Row struct {
	ID   string
	Pad  [1 << 10]byte
	More *Row
}

// Stub is an element as servers have them.
type Stub struct {
	ID, Name, Status string
	Version          uint64
	When             time.Time
	Tags             map[string]string
	Counts           []int
	Inner            *Stub
	*Embedded
}

type Embedded struct {
	Extra [256]byte
	Note  string
}

// listOf is a list of n times the same bytes.
func listOf(n int, each ...byte) []byte {
	return append(list(0xdd, uint32(n)), bytes.Repeat(each, n)...)
}

// mapOf is a map of n keys of 8 bytes to the same bytes.
func mapOf(n int, each ...byte) []byte {
	b := list(0xdf, uint32(n))
	for i := range n {
		b = binary.BigEndian.AppendUint64(append(b, 0xa8), uint64(i))
		b = append(b, each...)
	}
	return b
}

func stubs(n int) []byte {
	all := make([]Stub, n)
	for i := range all {
		all[i] = Stub{ID: fmt.Sprint("id-", i), Name: "n", Tags: map[string]string{"a": "b"}, Counts: []int{1, 2, 300}, Inner: &Stub{}}
	}
	b, err := wire.NewEncoder().Value(nil, all)
	if err != nil {
		panic(err)
	}
	return b
}

// grown are the inputs whose values are large in memory.
func grown(n int) map[string]struct {
	b []byte
	v any
} {
	type c = struct {
		b []byte
		v any
	}
	return map[string]c{
		"nils as structs":              {listOf(n, 0xc0), new([]Row)},
		"numbers as structs in any":    {listOf(64*n, 0x01), new([]any)},
		"large numbers in any":         {listOf(32*n, 0xcd, 0xff, 0xff), new([]any)},
		"empty maps as structs":        {listOf(n, 0x80), new([]Row)},
		"empty lists as structs":       {listOf(n, 0x90), new([]Row)},
		"a list as a struct":           {listOf(n, 0x91, 0xa1, 'x'), new([]Row)},
		"empty maps as pointers":       {listOf(n, 0x80), new([]*Row)},
		"pointers to pointers":         {listOf(n, 0x80), new([]**Row)},
		"pointers inside":              {listOf(n, 0x81, 0xa4, 'M', 'o', 'r', 'e', 0x80), new([]*Row)},
		"a map of structs":             {mapOf(n, 0x80), new(map[string]Row)},
		"a map of small structs":       {mapOf(16*n, 0x80), new(map[string]struct{ A, B int })},
		"a map of pointers":            {mapOf(n, 0x80), new(map[string]*Row)},
		"a map of numbers":             {mapOf(32*n, 0x01), new(map[string]uint8)},
		"a map read as a list":         {append(list(0xdf, uint32(n)), bytes.Repeat([]byte{0xc0}, 2*n)...), new([]Row)},
		"lists of lists":               {listOf(16*n, 0x91, 0x01), new([][]int64)},
		"lists of lists of lists":      {listOf(8*n, 0x91, 0x91, 0x91, 0x01), new([][][][]int64)},
		"arrays":                       {listOf(n/4, 0x90), new([][4][1 << 10]byte)},
		"empty maps in any":            {listOf(32*n, 0x80), new(any)},
		"small maps in any":            {listOf(8*n, 0x81, 0xa0, 0xc0), new(any)},
		"empty lists in any":           {listOf(32*n, 0x90), new(any)},
		"nested lists in any":          {listOf(8*n, 0x91, 0x91, 0x91, 0xc0), new(any)},
		"short strings in any":         {listOf(32*n, 0xa1, 'x'), new(any)},
		"short strings":                {listOf(32*n, 0xa1, 'x'), new([]string)},
		"maps of any":                  {mapOf(8*n, 0x81, 0xa1, 'k', 0x01), new(map[string]any)},
		"extensions in any":            {listOf(16*n, 0xd4, 1, 2), new(any)},
		"maps in structs":              {listOf(4*n, 0x81, 0xa4, 'T', 'a', 'g', 's', 0x81, 0xa1, 'k', 0xa1, 'v'), new([]Stub)},
		"an embedded struct":           {listOf(2*n, 0x81, 0xa4, 'N', 'o', 't', 'e', 0xa1, 'x'), new([]Stub)},
		"fields that are not known":    {append(list(0xdd, 1), append([]byte{0x81, 0xa1, 'z'}, listOf(64*n, 0x80)...)...), new([]Row)},
		"stubs as servers send them":   {stubs(2 * n), new([]Stub)},
		"raw values of the codec":      {listOf(32*n, 0x01), new([]codec.Raw)},
		"bytes":                        {append(list(0xdb, uint32(400*n)), make([]byte, 400*n)...), new([]byte)},
		"numbers as bytes":             {listOf(200*n, 0x01), new([]byte)},
		"structs without fields":       {listOf(64*n, 0x80), new([]struct{})},
		"a field of a type that reads": {listOf(4*n, 0x81, 0xa4, 'W', 'h', 'e', 'n', 0xc0), new([]Stub)},
	}
}

// live is what f leaves reachable, in bytes.
func live(f func() any) (int64, any) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := f()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc), kept
}

// What is estimated is what the decoded value takes: hardly less, so that the bound is one,
// and not many times as much, so that good replies pass.
func TestTheEstimateIsWhatADecodedValueTakes(t *testing.T) {
	for name, c := range grown(1500) {
		d := wire.NewDecoder()
		d.Bound(1<<30, 0)
		took, kept := live(func() any {
			noError(t, d.Body(c.b, c.v))
			d.Forget()
			return c.v
		})
		exact, most := wire.Weighed(c.b, c.v)
		if float64(exact) < 0.6*float64(took)-256<<10 { // under the race detector each byte may have 16 to itself
			t.Errorf("%s: it takes %d bytes, %d are estimated", name, took, exact)
		}
		if float64(exact) > 2.5*float64(took)+256<<10 {
			t.Errorf("%s: it takes %d bytes only, %d are estimated", name, took, exact)
		}
		if most < exact {
			t.Errorf("%s: %d at most are less than the estimated %d", name, most, exact)
		}
		t.Logf("%-30s %9d bytes of input, %10d in memory, %10d estimated, %12d at most", name, len(c.b), took, exact, most)
		runtime.KeepAlive(kept)
	}
}

// A value that would take more than its bound is refused before anything of it is made.
func TestAValueThatGrowsTooMuchIsNotDecoded(t *testing.T) {
	big := 0
	for name, c := range grown(20_000) {
		exact, _ := wire.Weighed(c.b, c.v)
		d := wire.NewDecoder()
		d.Bound(1<<20, 0) // 16 MiB are the least
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := d.Body(c.b, c.v)
		runtime.ReadMemStats(&after)
		if exact <= 16<<20 {
			noError(t, err)
			continue
		}
		big++
		size, is := errors.AsType[*wire.SizeError](err)
		if !is || !size.Decoded || size.Limit != 16<<20 || size.Announced <= 16<<20 {
			t.Errorf("%s: %v", name, err)
		} else if !strings.Contains(err.Error(), "MaxReplyBytes") {
			t.Errorf("%q does not say what to do", err)
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > 1<<20 {
			t.Errorf("%s: %d bytes were made of it all the same", name, made)
		}
		if !reflect.ValueOf(c.v).Elem().IsZero() {
			t.Errorf("%s: something was decoded", name)
		}
	}
	if big < 15 {
		t.Errorf("only %d of the values are too large", big)
	}
}

// A reader for which no bound was set, as that of a server's request, has one too.
func TestAReaderWithoutABoundHasOneToo(t *testing.T) {
	var rows []Row
	noError(t, wire.NewDecoder().Body(listOf(10_000, 0x80), &rows))
	err := wire.NewDecoder().Body(listOf(100_000, 0x80), &rows)
	if size, is := errors.AsType[*wire.SizeError](err); !is || !size.Decoded {
		t.Errorf("%v", err)
	}
}

// A bound is that of its setting: four bytes for each.
func TestTheBoundGrowsWithItsSetting(t *testing.T) {
	b := listOf(100_000, 0x80) // 100 MiB
	for limit, fits := range map[int]bool{1 << 20: false, 24 << 20: false, 32 << 20: true, 64 << 20: true} {
		d := wire.NewDecoder()
		d.Bound(limit, 0)
		var rows []Row
		if err := d.Body(b, &rows); (err == nil) != fits {
			t.Errorf("%d: %v", limit, err)
		}
	}
}

// What is small needs no look: a type is looked at once, and nothing is allocated for it.
func TestASmallValueCostsNothingMore(t *testing.T) {
	d := wire.NewDecoder()
	b, err := wire.NewEncoder().Value(nil, map[string]int{"A": 1})
	noError(t, err)
	var v struct{ A int }
	noError(t, d.Body(b, &v))
	if n := testing.AllocsPerRun(100, func() {
		d.Bound(64<<20, 3)
		_ = d.Body(b, &v)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A type that leads to itself has a plan.
func TestTypesThatLeadToThemselvesAreBounded(t *testing.T) {
	type tree map[string]tree
	type chain *chain
	type nest []nest
	for _, v := range []any{new(tree), new(nest), new(Loop), new(Row), new(chain)} {
		exact, most := wire.Weighed([]byte{0x80}, v)
		t.Logf("%T: %d, %d", v, exact, most)
	}
	deep := bytes.Repeat([]byte{0x91}, wire.MaxDepth)
	exact, _ := wire.Weighed(append(deep, 0xc0), new(nest))
	if list := uint64(unsafe.Sizeof(nest{})); exact < wire.MaxDepth*list || exact > wire.MaxDepth*3*list {
		t.Errorf("%d", exact)
	}
}

// Whatever bytes are weighed, it ends, and the bound by elements holds.
func FuzzWeigh(f *testing.F) {
	for _, c := range grown(10) {
		f.Add(c.b)
	}
	types := []any{new(any), new([]Row), new([]Stub), new(map[string]Row), new(map[string]any), new([][][]int), new(Loop), new([]**Row), new([]codec.RawExt)}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := wire.Whole(b) == nil
		for _, v := range types {
			exact, most := wire.Weighed(b, v)
			if whole && most < exact {
				t.Errorf("%T: %d at most, %d estimated", v, most, exact)
			}
		}
		if whole {
			v := types[rand.IntN(len(types))]
			_ = wire.NewDecoder().Body(b, v)
		}
	})
}
