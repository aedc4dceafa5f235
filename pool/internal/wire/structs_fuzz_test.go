package wire_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// exactly compares values field by field, those that are not exported too.
var exactly = cmp.Options{cmp.Exporter(func(reflect.Type) bool { return true }), cmpopts.EquateNaNs()}

// targets are fresh variables of the types that a value is read into.
func targets() []any {
	return []any{
		new(any), new(map[string]any), new(string), new([]byte), new(Word), new(Blob), new(*string), new(*[]byte),
		new([]Base), new(map[Word]*Base), new(Base), new(int64), new(*agentState),
	}
}

// What an agent's structs become, and what becomes of bytes in them, is what go-msgpack
// makes of them with the settings of Nomad's servers. A seed stands for a value of which
// so much is not empty; b is bytes that a peer may send, short ones: of those alone the
// fuzzer tries to make less.
func FuzzStructs(f *testing.F) {
	for _, s := range stateSeeds {
		f.Add(s.seed, s.full, encoded(f, map[string]any{"ModifyIndex": s.seed, "Other": s.full}))
	}
	for _, b := range []string{
		"\xd9\x05str 8", "\xc4\x05bin 8", "\xdb\x00\x00\x00\x01a", "\xc6\x00\x00\x00\x01a", // forms of texts that are never sent
		"\xc0", "\x93\x01\x02\x03", "\x80", "\xd4\x05\x01",
		"\x81\xa2At\xaf\x01\x00\x00\x00\x0e\xdd\x7f\xf0\x00\x00\x00\x00\x00\xff\xff", // a time's bytes
		"\x81\xa2At\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x00",                         // a time as an extension
		"\x82\xa5Other\xa1a\xa9json_only\xa1b",                                       // by the codec's name, by json's
		"\x81\xa6Signed\x81\xa4task\xa5token",
		"\x81\x9400000", // numbers as a name
	} {
		f.Add(uint64(0), uint8(0), []byte(b))
	}
	f.Fuzz(func(t *testing.T, seed uint64, full uint8, b []byte) {
		one, many := stateOf(seed, int(full%101), 1), stateOf(seed, int(full%101), 5)
		sent, err := wire.NewEncoder().Value(nil, one)
		noError(t, err)
		if want := encoded(t, one); !bytes.Equal(sent, want) {
			t.Fatalf("out % x\nwant % x", sent, want)
		}
		sent, err = wire.NewEncoder().Value(nil, many)
		noError(t, err)
		readsAs(t, encoded(t, many), sent, new(agentState), new(agentState))
		for _, v := range []any{many.Word, many.Blob, &many.Word, many.PWord, many.PSecret, many.PPWord, many.ID, many.Secret, many.Any} {
			var want []byte
			wantErr := codec.NewEncoderBytes(&want, reference).Encode(v) // a nil *[]byte is one
			sent, err := wire.NewEncoder().Value([]byte("before"), v)
			if (err == nil) != (wantErr == nil) || !bytes.HasPrefix(sent, []byte("before")) {
				t.Fatalf("%T: % x, %v; want %v", v, sent, err, wantErr)
			}
			if err == nil {
				readsAsAny(t, want, sent[len("before"):])
			}
		}
		if wire.Whole(b) == nil {
			readsAsAny(t, b, b)
		}
	})
}

// readsAsAny reads two values into all types.
func readsAsAny(t *testing.T, wanted, sent []byte) {
	t.Helper()
	want, strictly, fresh := targets(), targets(), targets()
	for i, got := range targets() {
		readsAs(t, wanted, sent, want[i], got)
		readsStrictly(t, sent, fresh[i], strictly[i])
	}
}

// readsStrictly reads a value that is looked at first. It must be what the codec makes of it, or
// be refused because it has something else than a map where there is to be one: the codec may
// take that for a map.
func readsStrictly(t *testing.T, b []byte, want, got any) {
	t.Helper()
	wantErr := codec.NewDecoderBytes(b, resetting).Decode(want)
	err := strict().Body(b, got)
	if _, is := errors.AsType[*wire.KindError](err); is {
		if wantErr == nil && fits(b, reflect.TypeOf(got).Elem()) {
			t.Fatalf("%T of % x: %v; the codec makes %v", got, b, err, want)
		}
		return
	}
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%T of % x: %v; want %v", got, b, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(want, got) {
		if diff := cmp.Diff(want, got, exactly); diff != "" {
			t.Fatalf("%T of % x: %s", got, b, diff)
		}
	}
}

// fits reports whether b, a value, has a map or nil wherever one of t has a map.
func fits(b []byte, t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	isMap := b[0] >= 0x80 && b[0] <= 0x8f || b[0] == 0xde || b[0] == 0xdf
	switch {
	case b[0] == 0xc0:
		return true
	case t.Kind() == reflect.Map && !isMap:
		return false
	case t.Kind() == reflect.Map || t.Kind() == reflect.Struct && isMap:
		for key, value := range wire.Pairs(b) {
			in := reflect.TypeFor[any]()
			if key == nil {
				return false // the codec makes a name of numbers
			}
			if t.Kind() == reflect.Map {
				in = t.Elem()
			} else if index := wire.FieldIndex(t, string(key)); index != nil {
				in = t.FieldByIndex(index).Type
			}
			if !fits(value, in) {
				return false
			}
		}
	case t.Kind() == reflect.Struct:
		return false // a list, whose elements are fields in an order that is not known here
	case t.Kind() == reflect.Slice:
		for _, value := range elements(b) {
			if !fits(value, t.Elem()) {
				return false
			}
		}
	}
	return true
}

// elements are those of b, if it is a list.
func elements(b []byte) (all [][]byte) {
	from := 0
	switch {
	case b[0] >= 0x90 && b[0] <= 0x9f:
		from = 1
	case b[0] == 0xdc:
		from = 3
	case b[0] == 0xdd:
		from = 5
	default:
		return nil
	}
	var s wire.Scanner
	for s.Reset(from, len(b)); from < len(b); {
		to, _, _ := s.Value(b)
		all = append(all, b[from:to])
		from = to
	}
	return all
}

// readsAs reads one value with the codec from its bytes, and another as a reply from
// its; both must be the same.
func readsAs(t *testing.T, wanted, sent []byte, want, got any) {
	t.Helper()
	wantErr := codec.NewDecoderBytes(wanted, resetting).Decode(want)
	err := wire.NewDecoder().Body(sent, got)
	if _, is := errors.AsType[*wire.KindError](err); is && !fits(sent, reflect.TypeOf(got).Elem()) {
		return // the codec may take it
	}
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%T of % x: %v; want %v", got, sent, err, wantErr)
	}
	if err != nil || reflect.DeepEqual(want, got) {
		return
	}
	if diff := cmp.Diff(want, got, exactly); diff != "" { // it takes NaN for equal to itself
		t.Fatalf("%T of % x: %s", got, sent, diff)
	}
}

// stateSeeds are values from the zero value to one that is full.
var stateSeeds = []struct {
	seed uint64
	full uint8
}{{0, 0}, {1, 10}, {2, 30}, {3, 50}, {4, 50}, {5, 70}, {6, 80}, {7, 100}}
