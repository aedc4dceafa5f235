package proxy

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

// Many pools report the same server: there is one notice of each address, and one that counts
// at once is not lost to one that does not.
func TestOfMissedNoticesOneOfEachAddressIsKept(t *testing.T) {
	notice := func(addr, text string) messages.FailureNotice {
		return messages.FailureNotice{Server: messages.Server{Addr: addr}, Err: errors.New(text)}
	}
	var n missedNotices
	for _, each := range []struct {
		addr, text string
		doubts     bool
	}{
		{"a", "1", false},
		{"a", "2", true},
		{"b", "3", true},
		{"b", "4", true},
		{"c", "5", true},
		{"c", "6", false},
		{"c", "7", false},
	} {
		m := notice(each.addr, each.text)
		if each.doubts {
			n.keep(each.addr, doubtful{m}, true)
		} else {
			n.keep(each.addr, m, false)
		}
	}
	var got []string
	taken := n.take()
	for _, addr := range slices.Sorted(maps.Keys(taken)) {
		switch m := taken[addr].(type) {
		case messages.FailureNotice:
			got = append(got, addr+m.Err.Error())
		case doubtful:
			got = append(got, addr+m.Err.Error()+"?")
		}
	}
	if want := []string{"a1", "b3?", "c7"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if again := n.take(); again != nil {
		t.Errorf("%v is left", again)
	}
}
