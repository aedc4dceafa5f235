package pool

import (
	"reflect"
	"testing"
)

// Programs that make types, one for each request, do not fill the memory.
func TestSoManyTypesAreRememberedAndNoMore(t *testing.T) {
	var q queryTypes
	for i := range 2 * mostQueryTypes {
		made := reflect.StructOf([]reflect.StructField{
			{Name: "MinQueryIndex", Type: reflect.TypeFor[uint64]()},
			{Name: "A", Type: reflect.ArrayOf(i, reflect.TypeFor[byte]())},
		})
		if q.of(made)[fieldIndex] == nil {
			t.Fatalf("%v has one", made)
		}
	}
	if n := len(*q.known.Load()); n != mostQueryTypes {
		t.Errorf("%d types", n)
	}
}
