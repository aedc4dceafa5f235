package wire_test

import (
	goList "container/list"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

type (
	node struct{ Next *node }
	tree struct {
		Name string
		Kids []tree
	}
	loop    []loop
	dict    map[string]dict
	keyed   struct{ Keys map[*keyed]int }
	boxed   struct{ Any any }
	ptr     *ptr
	outer   struct{ Inner }
	Inner   struct{ Out *outer }
	hidden  struct{ self *hidden }
	skipped struct {
		Self *skipped `codec:"-"`
		N    int
	}
	packed struct{ Self *packed }
)

func (packed) MarshalBinary() ([]byte, error) { return []byte("packed"), nil }

func (*packed) UnmarshalBinary([]byte) error { return nil }

// circular are values that contain themselves.
func circular() map[string]any {
	n := new(node)
	n.Next = n
	far := &node{&node{&node{n}}}
	m := map[string]any{}
	m["x"] = m
	s := []any{nil}
	s[0] = s
	l := loop{nil}
	l[0] = l
	d := dict{}
	d["x"] = d
	k := &keyed{map[*keyed]int{}}
	k.Keys[k] = 1
	b := &boxed{}
	b.Any = b
	var x any
	x = &x
	var p ptr
	p = &p
	o := new(outer)
	o.Out = o
	kids := []tree{{}}
	kids[0].Kids = kids
	mixed := map[string]any{"a": 1, "b": []any{"c", map[string]any{}}}
	mixed["b"].([]any)[1].(map[string]any)["d"] = &mixed
	anyKey := map[any]any{}
	anyKey["x"] = anyKey
	return map[string]any{
		"a pointer": n, "a value": *n, "far away": far, "a map": m, "a slice": s, "a slice type": l, "a map type": d,
		"a key": k, "an interface": b, "a pointer to itself": x, "a pointer type": p, "embedded": o, "a tree": kids,
		"mixed": mixed, "a map of any": anyKey, "in a struct": struct{ Region, X any }{"global", m}, "in an array": [2]any{m, 1},
	}
}

func TestAValueThatContainsItselfIsAnError(t *testing.T) {
	for name, v := range circular() {
		buf := []byte("before")
		out, err := wire.NewEncoder().Value(buf, v)
		if err == nil || !strings.Contains(err.Error(), "contains itself") || string(out) != "before" {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

// What is shared is written each time: this would be 2^100 values.
func TestAValueOfTooManyPartsIsAnError(t *testing.T) {
	v := []any{1}
	for range 100 {
		v = []any{v, v}
	}
	if _, err := wire.NewEncoder().Value(nil, v); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("%v", err)
	}
}

func TestWhatOnlySeemsToContainItselfIsWritten(t *testing.T) {
	h := new(hidden)
	h.self = h
	s := &skipped{N: 1}
	s.Self = s
	p := new(packed)
	p.Self = p
	shared := &node{new(node)}
	deep := any(1)
	for range wire.MaxDepth {
		deep = []any{deep}
	}
	long := new(goList.List) // circular, in fields that are not exported
	long.PushBack(1)
	for name, v := range map[string]any{
		"hidden": h, "left out": s, "writes itself": p, "shared": []*node{shared, shared, shared}, "deepest": deep,
		"nil": nil, "nil node": (*node)(nil), "nil map": map[string]any(nil), "nil any": boxed{}, "no kids": tree{Kids: []tree{{}, {}}},
		"a list": long, "a time": boxed{time.Now()}, "any of all": map[string]any{"a": []any{1, "b", nil, 2.5, []byte("c"), time.Second, int8(1)}},
	} {
		if _, err := wire.NewEncoder().Value(nil, v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := wire.NewEncoder().Value(nil, []any{deep}); err == nil {
		t.Error("deeper than the deepest")
	}
}

// To look costs nothing where the type rules it out, and allocates nothing for the maps that
// most arguments without a type are.
func TestToLookForCirclesAllocatesNothing(t *testing.T) {
	enc := wire.NewEncoder()
	buf := make([]byte, 0, 4<<10)
	type flat struct {
		ID   string
		Tags map[string]string
		At   *time.Duration
	}
	for name, v := range map[string]any{
		"struct": &flat{ID: "x"}, "map": map[string]any{"a": "b", "c": map[string]any{"d": []any{"e"}}}, "nodes": &node{new(node)},
	} {
		with := testing.AllocsPerRun(500, func() { _, _ = enc.Value(buf, v) })
		look := testing.AllocsPerRun(500, func() { _ = wire.Finite(v) })
		if look != 0 {
			t.Errorf("%s: %v allocations of %v", name, look, with)
		}
	}
}

func BenchmarkFinite(b *testing.B) {
	type flat struct{ ID, Name string }
	for name, v := range map[string]any{
		"bytes": []byte("x"), "struct": &flat{}, "map of 5": map[string]any{"a": "b", "c": 1, "d": true, "e": "f", "g": uint64(1)}, "node": &node{},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = wire.Finite(v)
			}
		})
	}
}
