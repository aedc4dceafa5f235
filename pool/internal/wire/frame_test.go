package wire_test

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

type names = map[string]any

func TestAFrameHasDataUnderTheNamesOfItsMethod(t *testing.T) {
	for name, c := range map[string]struct {
		frame names
		want  string
	}{
		"a payload":             {names{"Error": nil, "Payload": []byte("p")}, "p"},
		"no payload":            {names{"Error": nil, "Payload": nil}, ""},
		"an empty payload":      {names{"Payload": ""}, ""},
		"an event":              {names{"Error": nil, "Event": names{"Data": "{}"}}, "{}"},
		"an event with an more": {names{"Event": names{"Data": "d", "Other": 1}, "New": 1}, "d"},
		"an event without data": {names{"Error": nil, "Event": names{"Data": nil}}, ""},
		"an empty event":        {names{"Error": nil, "Event": names{}}, ""},
		"no event":              {names{"Error": nil, "Event": nil}, ""},
		"both":                  {names{"Payload": "p", "Event": names{"Data": "d"}}, "p"},
		"an event only":         {names{"Payload": nil, "Event": names{"Data": "d"}}, "d"},
	} {
		var f wire.Frame
		if err := wire.NewDecoder().Frame(encoded(t, c.frame), &f); err != nil || f.Error != nil || string(f.Data()) != c.want {
			t.Errorf("%s: %q, %v", name, f.Data(), err)
		}
	}
}

func TestAnErrorInAFrameIsReadWithOrWithoutACode(t *testing.T) {
	for _, frame := range []names{
		{"Error": names{"Message": "m", "Code": nil}, "Payload": nil},
		{"Error": names{"Message": "m"}, "Event": nil},
		{"Error": names{"Message": "m", "Code": int64(0)}},
	} {
		var f wire.Frame
		if err := wire.NewDecoder().Frame(encoded(t, frame), &f); err != nil || f.Error == nil || f.Error.Code != 0 || f.Error.Message != "m" {
			t.Errorf("%v: %+v, %v", frame, f.Error, err)
		}
	}
}

func TestAFrameOfAnotherShapeIsMalformedAndItsNamesAreQuoted(t *testing.T) {
	many := names{}
	for _, c := range "abcdefghijkl" {
		many[string(c)] = 1
	}
	for name, c := range map[string]struct {
		frame names
		want  []string
	}{
		"nothing":              {names{}, []string{"it has nothing"}},
		"no error and no data": {names{"Error": nil}, []string{`"Error"`}},
		"a snapshot's reply":   {names{"SnapshotChecksum": "c", "Index": 5}, []string{`"SnapshotChecksum"`, `"Index"`}},
		"json's names":         {names{"error": nil, "payload": "p"}, []string{`"error"`, `"payload"`}},
		"an event's parts":     {names{"Error": nil, "Event": names{"Index": 1}}, []string{`"Event"`, `"Event.Index"`}},
		"many":                 {many, []string{"and 4 more"}},
		"a long name":          {names{strings.Repeat("n", 1000): 1}, []string{`"` + strings.Repeat("n", 40) + `"...`}},
	} {
		f := wire.Frame{Payload: []byte("of before")}
		err := wire.NewDecoder().Frame(encoded(t, c.frame), &f)
		if !errors.Is(err, wire.ErrMalformed) || f.Data() != nil || len(err.Error()) > 500 {
			t.Errorf("%s: %q, %v", name, f.Data(), err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %s", name, err, want)
			}
		}
	}
}

// A frame may have a million names: the error quotes a few, and no more are made ready for it.
func TestOfManyNamesOfAFrameAFewAreQuoted(t *testing.T) {
	const n = 500_000
	b := append(list(0xdf, n), bytes.Repeat([]byte{0xa1, 'n', 0xc0}, n)...)
	var f wire.Frame
	d := wire.NewDecoder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := d.Frame(b, &f)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, wire.ErrMalformed) || len(err.Error()) > 500 || !strings.Contains(err.Error(), "and 499992 more") {
		t.Errorf("%.300v", err)
	}
	if made := after.TotalAlloc - before.TotalAlloc; made > 1<<20 {
		t.Errorf("%d bytes were made for it", made)
	}
}
