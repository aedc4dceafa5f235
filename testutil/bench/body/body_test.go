package body

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	var b []byte
	if err := codec.NewEncoderBytes(&b, Handle()).Encode(v); err != nil {
		t.Fatal(err)
	}
	return b
}

// A client that got another reply, or none, would be measured for nothing.
func TestOnlyTheReplyOfTheCallPassesItsCheck(t *testing.T) {
	for _, c := range slices.Concat(All(), Large()) {
		reply := c.New()
		if err := codec.NewDecoderBytes(encoded(t, c.Reply), Handle()).Decode(reply); err != nil {
			t.Fatal(err)
		}
		if err := c.Check(reply); err != nil {
			t.Errorf("%s: its own reply: %v", c.Name, err)
		}
		if c.Name != "ping" { // whose reply is empty
			if err := c.Check(c.New()); !errors.Is(err, ErrReply) {
				t.Errorf("%s: an empty reply: %v", c.Name, err)
			}
		}
		if err := c.Check(new(int)); !errors.Is(err, ErrReply) {
			t.Errorf("%s: a reply of another type: %v", c.Name, err)
		}
	}
	if _, err := Find("nothing"); err == nil {
		t.Error("a call that does not exist was found")
	}
}

// Figures of different days compare only if the bytes are the same.
func TestValuesAreTheSameEachTime(t *testing.T) {
	if !bytes.Equal(encoded(t, makeAllocList(7)), encoded(t, makeAllocList(7))) {
		t.Error("two lists differ")
	}
	a, b := makeJob(2, 2), makeJob(2, 2)
	for i := range a.TaskGroups { // in maps the order is by chance
		for j, task := range a.TaskGroups[i].Tasks {
			other := b.TaskGroups[i].Tasks[j]
			if task.Templates[0].EmbeddedTmpl != other.Templates[0].EmbeddedTmpl || task.Env["SETTING_07"] != other.Env["SETTING_07"] {
				t.Errorf("task %d of group %d differs", j, i)
			}
		}
	}
	seen := map[string]bool{}
	for i := range 1000 {
		if x := id(1, i); len(x) != 36 || seen[x] {
			t.Fatalf("identifier %d is %q, of 36 characters and once", i, x)
		} else {
			seen[x] = true
		}
	}
}
