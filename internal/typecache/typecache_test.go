package typecache_test

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/open-nomad/rpcproxy/internal/typecache"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ExampleCache() {
	sizes := typecache.New(100, func(t reflect.Type) uintptr { return t.Size() })
	fmt.Println(sizes.Of(reflect.TypeFor[int32]()), sizes.Of(reflect.TypeFor[[3]int32]()))
	// Output: 4 12
}

func TestATypeIsLookedAtOnce(t *testing.T) {
	looks := 0
	c := typecache.New(10, func(t reflect.Type) string { looks++; return t.String() })
	for range 3 {
		if got := c.Of(reflect.TypeFor[int]()) + c.Of(reflect.TypeFor[string]()); got != "intstring" {
			t.Fatal(got)
		}
	}
	if looks != 2 || c.Len() != 2 {
		t.Errorf("%d looks, %d types", looks, c.Len())
	}
	if n := testing.AllocsPerRun(100, func() { c.Of(reflect.TypeFor[int]()) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// However many types a program makes, no more than so many are kept, and all are answered.
func TestNoMoreThanSoManyTypesAreKept(t *testing.T) {
	const most = 8
	c := typecache.New(most, reflect.Type.Len)
	for n := range 10 * most {
		if got := c.Of(reflect.ArrayOf(n, reflect.TypeFor[byte]())); got != n {
			t.Fatalf("%d for %d", got, n)
		}
		if c.Len() > most {
			t.Fatalf("%d types are kept", c.Len())
		}
	}
}

// A type may need what is known of another.
func TestOneTypeMayAskForAnother(t *testing.T) {
	var c *typecache.Cache[int]
	c = typecache.New(10, func(t reflect.Type) int {
		if t.Kind() == reflect.Pointer {
			return 1 + c.Of(t.Elem())
		}
		return 0
	})
	if got := c.Of(reflect.TypeFor[***int]()); got != 3 || c.Len() != 4 {
		t.Errorf("%d, %d types", got, c.Len())
	}
}

func TestGoroutinesMayAskAtOnce(t *testing.T) {
	var looks atomic.Int64
	c := typecache.New(16, func(t reflect.Type) int { looks.Add(1); return t.Len() })
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 200 {
				n := (i + g) % 12
				if got := c.Of(reflect.ArrayOf(n, reflect.TypeFor[byte]())); got != n {
					t.Errorf("%d for %d", got, n)
				}
			}
		})
	}
	all.Wait()
	if c.Len() == 0 || c.Len() > 12 || looks.Load() < 12 {
		t.Errorf("%d types, %d looks", c.Len(), looks.Load())
	}
}
