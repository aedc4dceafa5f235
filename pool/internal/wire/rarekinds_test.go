package wire_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// asksItself reads a map although it is none, and so does its text when there is one.
type asksItself struct{ m map[string]big }

func (a *asksItself) CodecEncodeSelf(e *codec.Encoder) { e.MustEncode(a.m) }
func (a *asksItself) CodecDecodeSelf(d *codec.Decoder) { d.MustDecode(&a.m) }

// A type that asks the codec itself gets what it asks for, and if it is misled its lists are made
// no longer than the codec makes them by itself.
func TestATypeThatAsksForItselfIsNotSecondGuessed(t *testing.T) {
	var a asksItself
	noError(t, strict().Body([]byte("\x81\xa1a\x81\xa4Name\xa1b"), &a))
	if a.m["a"].Name != "b" {
		t.Error(a.m["a"].Name)
	}
	long := "\xdd\x00\x00\x20\x00" + strings.Repeat("\xd3\xdd\x7f\xff\xff\xff\xdd\x7f\xff", 1<<13)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := wire.NewDecoder().Body([]byte(long), new([]asksItself))
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > 32<<20 {
		t.Errorf("%d bytes, %v", took, err)
	}
}

// unreadable has methods for one direction only: the codec goes by its fields.
type unreadable struct{ M map[string]big }

func (*unreadable) UnmarshalBinary([]byte) error { return errors.New("asked for") }

// numbers has its fields under numbers.
type numbers struct {
	_struct bool `codec:",int"` //nolint:unused // the codec looks at its tag
	One     int  `codec:"1"`
}

// twice has two fields under one name.
type twice struct {
	A map[string]big `codec:"X"`
	B int            `codec:"X"`
}

// twiceToo is twice with the fields in the other order.
type twiceToo struct {
	B int            `codec:"X"`
	A map[string]big `codec:"X"`
}

func TestTypesOfRareKinds(t *testing.T) {
	if err := strict().Body([]byte(pair("M", "\xd3\xdd\x7f\xff\xff\xff\xdd\x7f\xff")), new(unreadable)); err == nil || !strings.Contains(err.Error(), "a number") {
		t.Error(err)
	}
	var queues struct{ Queue chan int }
	if err := wire.NewDecoder().Body([]byte(pair("Queue", "\x91\x05")), &queues); err == nil || queues.Queue != nil {
		t.Errorf("%v, %v", err, queues.Queue)
	}
	var n numbers
	if err := strict().Body([]byte("\x81\x01\x05"), &n); err != nil || n.One != 5 {
		t.Errorf("%+v, %v", n, err)
	}
	for _, two := range []any{new(twice), new(twiceToo)} { // of whose fields the codec reads one
		if a, b := strict().Body([]byte(pair("X", "\x80")), two), strict().Body([]byte(pair("X", "\x05")), two); (a == nil) == (b == nil) {
			t.Errorf("%T: %v, %v", two, a, b)
		}
	}
}

func ExampleKindError() {
	d := wire.NewDecoder()
	d.Charge(func(uint64) error { return nil }) // each value is looked at
	fmt.Println(d.Body([]byte{0x05}, new(map[string]string)))
	// Output: a number cannot be read into a value of type map[string]string
}
