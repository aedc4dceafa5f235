package wire_test

import (
	"math"
	"reflect"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestPairsAreAMapsKeysAndValues(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 300, 1 << 16} {
		m := make(map[string]any, n)
		for i := range n {
			m[strconv.Itoa(i)] = []any{int64(i), map[string]any{"k": "v"}}
		}
		got := make(map[string]any, n)
		for key, value := range wire.Pairs(append(encoded(t, m), "behind"...)) {
			var v any
			noError(t, wire.NewDecoder().Body(value, &v))
			got[string(key)] = v
		}
		if !reflect.DeepEqual(got, m) {
			t.Fatalf("of %d pairs came %d, or they are others", n, len(got))
		}
	}
}

func TestPairsEndWhereTheBytesDo(t *testing.T) {
	whole := []byte("\x83\xa1a\x01\xd9\x01b\x02\x07\x03") // the last key is a number
	for n := range len(whole) + 1 {
		var keys string
		for key, value := range wire.Pairs(whole[:n:n]) {
			if keys += string(key); key == nil {
				keys += "-"
			}
			if len(value) != 1 {
				t.Errorf("% x", value)
			}
		}
		want := ""
		switch {
		case n >= 10:
			want = "ab-"
		case n >= 8:
			want = "ab"
		case n >= 4:
			want = "a"
		}
		if keys != want {
			t.Errorf("%d bytes: %q, want %q", n, keys, want)
		}
	}
	for _, b := range []string{"", "\xc0", "\x92\x01\x02", "\xa1x", "\xde", "\xdf\x00\x00\x00", "\xdf\xff\xff\xff\xff", "\x81\xc1\x01"} {
		for range wire.Pairs([]byte(b)) {
			t.Errorf("% x has a pair", b)
		}
	}
}

func TestIntegersAreReadInAllTheirForms(t *testing.T) {
	for _, n := range []int64{
		0, 1, 127, 128, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64,
		-1, -32, -33, -128, -129, -32768, -32769, math.MinInt32, math.MinInt32 - 1, math.MinInt64, 32767, 32768, math.MaxInt32,
	} {
		for _, v := range []any{n, uint64(n)} {
			want := n
			if u, ok := v.(uint64); ok {
				want = int64(min(u, math.MaxInt64))
			}
			b := encoded(t, v)
			if got := wire.Integer(b); got != want {
				t.Errorf("% x: %d, want %d", b, got, want)
			}
			for i := range b[1:] {
				if got := wire.Integer(b[:i+1]); got != 0 {
					t.Errorf("% x of % x: %d", b[:i+1], b, got)
				}
			}
		}
	}
	for _, b := range []string{"", "\xc0", "\xa1\x31", "\xcb\x40\x00\x00\x00\x00\x00\x00\x00", "\x91\x01", "\xc3"} {
		if n := wire.Integer([]byte(b)); n != 0 {
			t.Errorf("% x: %d", b, n)
		}
	}
}

func TestAnIntegerIsPutIntoAMap(t *testing.T) {
	for _, m := range []map[string]any{
		{},
		{"K": int64(1)},
		{"K": "text"},
		{"A": int64(1), "K": []any{int64(1)}, "Z": "z"},
		{"0": nil, "1": nil, "2": nil, "3": nil, "4": nil, "5": nil, "6": nil, "7": nil, "8": nil, "9": nil, "a": nil, "b": nil, "c": nil, "d": nil, "e": nil},
	} {
		for _, n := range []int64{0, 300, -1, math.MaxInt64, 1 << 20} {
			b := encoded(t, m)
			before := string(b)
			with, ok := wire.WithInteger(b, "K", n)
			if !ok || string(b) != before || wire.Whole(with) != nil {
				t.Fatalf("% x, %v; was % x", with, ok, b)
			}
			var got map[string]any
			noError(t, wire.NewDecoder().Body(with, &got))
			want := map[string]any{"K": n}
			for k, v := range m {
				if k != "K" {
					want[k] = v
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
	}
	for _, b := range []string{"", "\xc0", "\x91\x01", "\x81", "\x80\x80", "\x81\xa1a\xc1"} {
		if with, ok := wire.WithInteger([]byte(b), "K", 1); ok {
			t.Errorf("% x became % x", b, with)
		}
	}
}
