package messages_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

var (
	label63 = strings.Repeat("a", 63)
	name253 = strings.Join([]string{label63, label63, label63, label63[:61]}, ".")
	zone64  = strings.Repeat("z", 64)
)

var goodAddrs = []struct{ in, addr string }{
	{"10.0.0.1", "10.0.0.1:4647"},
	{"10.0.0.1:4647", "10.0.0.1:4647"},
	{"10.0.0.1:1", "10.0.0.1:1"},
	{"255.255.255.254:65535", "255.255.255.254:65535"},
	{"169.254.169.254", "169.254.169.254:4647"},
	{"nomad", "nomad:4647"},
	{"nomad.example.com", "nomad.example.com:4647"},
	{"nomad.example.com:5000", "nomad.example.com:5000"},
	{"NOMAD.Example.COM:5000", "nomad.example.com:5000"},
	{"nomad.example.com.", "nomad.example.com.:4647"},
	{"Nomad.example.com.:5000", "nomad.example.com.:5000"},
	{"nomad.", "nomad.:4647"},
	{"_nomad._tcp.example", "_nomad._tcp.example:4647"},
	{"server-1", "server-1:4647"},
	{"1a.b2", "1a.b2:4647"},
	{"10.0.0.1.example", "10.0.0.1.example:4647"},
	{"3com", "3com:4647"},
	{label63, label63 + ":4647"},
	{name253, name253 + ":4647"},
	{name253 + ".:65535", name253 + ".:65535"},
	{"::1", "[::1]:4647"},
	{"[::1]", "[::1]:4647"},
	{"[::1]:5000", "[::1]:5000"},
	{"::1:5000", "[::1:5000]:4647"},
	{"2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:4647"},
	{"[2001:0db8::0001]:4647", "[2001:db8::1]:4647"},
	{"fe80::1%eth0", "[fe80::1%eth0]:4647"},
	{"[FE80::1%Eth0.1]:5000", "[fe80::1%Eth0.1]:5000"},
	{"fe80::1%" + zone64, "[fe80::1%" + zone64 + "]:4647"},
	{"::ffff:10.0.0.1", "10.0.0.1:4647"},
	{"[::ffff:a00:1]:5000", "10.0.0.1:5000"},
	{"64:ff9b::10.0.0.1", "[64:ff9b::a00:1]:4647"},
}

func TestAddressesAreBroughtIntoOneForm(t *testing.T) {
	for _, c := range goodAddrs {
		got, err := messages.ParseServer(c.in)
		if want := (messages.Server{Name: c.in, Addr: c.addr}); got != want || err != nil {
			t.Errorf("ParseServer(%q) = %+v, %v; want %+v", c.in, got, err, want)
		}
		again, err := messages.ParseServer(c.addr)
		if again.Addr != c.addr || err != nil {
			t.Errorf("ParseServer(%q) = %+v, %v; want the same address", c.addr, again, err)
		}
	}
}

// Each bad address with a part of the reason that its error must have.
var badAddrs = []struct{ in, reason string }{
	{"", "empty"},
	{"0.0.0.0", "unspecified"},
	{"0.0.0.0:4647", "unspecified"},
	{"0.1.2.3", "0.0.0.0/8"},
	{"::", "unspecified"},
	{"[::]:4647", "unspecified"},
	{"::%eth0", "unspecified"},
	{"::ffff:0.0.0.0", "unspecified"},
	{"[::ffff:0:0]:4647", "unspecified"},
	{"224.0.0.1:4647", "multicast"},
	{"239.255.255.250", "multicast"},
	{"[ff02::1]:4647", "multicast"},
	{"ff05::2%eth0", "multicast"},
	{"::ffff:224.0.0.1", "multicast"},
	{"255.255.255.255", "broadcast"},
	{"::ffff:255.255.255.255", "broadcast"},
	{"nomad..", "empty label"},
	{"nomad..:4647", "empty label"},
	{".", "the host is empty"},
	{"10.0.0.1.", "not an IPv4"},
	{"0.0.0.0.", "not an IPv4"},
	{" ", "space"},
	{" 10.0.0.1", "space"},
	{"10.0.0.1 ", "space"},
	{"10.0.0.1:4647\n", "control"},
	{"10.0.0.1: 4647", "space"},
	{"no mad", "space"},
	{"\tnomad", "control"},
	{"nomad\x00", "control"},
	{"nomad\x7f", "control"},
	{"nömad", "not ASCII"},
	{"nomad\u00a0", "not ASCII"},
	{"nomad\xff", "not ASCII"},
	{"http://10.0.0.1:4646", "scheme"},
	{"nomad://", "scheme"},
	{"nomad/", "path"},
	{"nomad:4647/v1", "path"},
	{`nomad\x`, "path"},
	{"nomad?x", "path"},
	{"nomad#x", "path"},
	{"root@nomad", "user"},
	{"root:secret@nomad:4647", "user"},
	{":", "port is empty"},
	{"nomad:", "port is empty"},
	{"[::1]:", "port is empty"},
	{":4647", "host is empty"},
	{".", "host is empty"},
	{".:4647", "host is empty"},
	{"nomad:0", "port is zero"},
	{"[::1]:0", "port is zero"},
	{"nomad:00", "port begins with a zero"},
	{"nomad:04647", "port begins with a zero"},
	{"nomad:65536", "over 65535"},
	{"nomad:70000", "over 65535"},
	{"nomad:100000", "over 65535"},
	{"nomad:18446744073709556263", "over 65535"}, // 4647 after wrapping around
	{"nomad:+4647", "not a number"},
	{"nomad:-1", "not a number"},
	{"nomad:http", "not a number"},
	{"nomad:46.47", "not a number"},
	{"nomad:0x10", "not a number"},
	{"[::1]:46_47", "not a number"},
	{"[::1", "not closed"},
	{"[", "not closed"},
	{"::1]", "bracket"},
	{"nomad]:4647", "bracket"},
	{"a[::1]", "bracket"},
	{"[]", "not an IPv6"},
	{"[]:4647", "not an IPv6"},
	{"[[::1]]", "closing bracket"},
	{"[::1]]", "closing bracket"},
	{"[::1]4647", "closing bracket"},
	{"[::1][::2]", "closing bracket"},
	{"[10.0.0.1]:4647", "only an IPv6"},
	{"[nomad]:4647", "not an IPv6"},
	{"nomad:4647:1", "not an IPv6"},
	{"10.0.0.1:4647:1", "not an IPv6"},
	{"1:2:3:4:5:6:7:8:4647", "not an IPv6"},
	{":::1", "not an IPv6"},
	{"::g", "not an IPv6"},
	{"fe80::1%", "not an IPv6"},
	{"fe80::1%eth:0", "zone"},
	{"fe80::1%e%h", "zone"},
	{"fe80::1%z" + zone64, "zone"},
	{"::ffff:10.0.0.1%eth0", "an IPv"},
	{"10.0.0.1%eth0", "character"},
	{"10.0.0.300", "not an IPv4"},
	{"10.0.0", "not an IPv4"},
	{"1.2.3:4647", "not an IPv4"},
	{"10.0.0.1.2", "not an IPv4"},
	{"010.0.0.1", "not an IPv4"},
	{"0xa9fea9fe", "not an IPv4"},
	{"127.0.0.0x1.:4647", "not an IPv4"},
	{"0X7f.1", "not an IPv4"},
	{"a.0x", "not an IPv4"},
	{"[64:ff9b::]:4647", "it stands for 0.0.0.0"},
	{"10.0.0.1.", "not an IPv4"},
	{"12345", "not an IPv4"},
	{"nomad.7", "not an IPv4"},
	{"nomad..example", "empty label"},
	{".nomad", "empty label"},
	{"nomad..", "empty label"},
	{"-nomad", "hyphen"},
	{"nomad-", "hyphen"},
	{"nomad.-", "hyphen"},
	{"a.b-.c:4647", "hyphen"},
	{"no*mad", "character"},
	{"nomad,other", "character"},
	{"no%6Dad", "character"},
	{"a" + label63, "over 63"},
	{"x." + label63 + "b.y", "over 63"},
	{name253 + "a", "over 253"},
	{strings.Repeat("a", 260), "over 253"},
	{strings.Repeat("a", 261), "too long"},
	{strings.Repeat("a", 5000), "too long"},
	{strings.Repeat("\x00", 5000), "too long"},
}

func TestABadAddressIsRefusedWithItsReason(t *testing.T) {
	for _, c := range badAddrs {
		got, err := messages.ParseServer(c.in)
		bad, ok := errors.AsType[*messages.AddrError](err)
		if !ok {
			t.Errorf("ParseServer(%q) = %+v, %v; want an *AddrError", c.in, got, err)
			continue
		}
		if got != (messages.Server{}) {
			t.Errorf("ParseServer(%q) failed and gave %+v", c.in, got)
		}
		if bad.Input != c.in || !strings.Contains(bad.Reason, c.reason) {
			t.Errorf("ParseServer(%q): %+v; want the input and a reason with %q", c.in, bad, c.reason)
		}
		checkAddrError(t, bad)
	}
}

func TestAnAddressInNormalFormIsParsedWithoutAllocating(t *testing.T) {
	for _, addr := range []string{"10.0.0.1:4647", "[2001:db8::1]:4647", "nomad-1.example.com:4647", name253 + ":4647"} {
		if n := testing.AllocsPerRun(100, func() {
			if s, err := messages.ParseServer(addr); s.Addr != addr || err != nil {
				t.Errorf("ParseServer(%q) = %+v, %v", addr, s, err)
			}
		}); n != 0 {
			t.Errorf("ParseServer(%q): %v allocations, want 0", addr, n)
		}
	}
}

func TestAnAbsoluteNameIsTheSameServerAsTheRelativeOne(t *testing.T) {
	for in, key := range map[string]string{
		"nomad.example.com.": "nomad.example.com:4647",
		"nomad.example.com":  "nomad.example.com:4647",
		"nomad.:5000":        "nomad:5000",
		"10.0.0.1":           "10.0.0.1:4647",
		"::1":                "[::1]:4647",
	} {
		s, err := messages.ParseServer(in)
		if err != nil || s.Key() != key {
			t.Errorf("%s: key %s, %v; want %s", in, s.Key(), err, key)
		}
	}
	absolute, _ := messages.ParseServer("nomad.")
	relative, _ := messages.ParseServer("nomad")
	view := messages.NewView(1, []messages.Ranked{{Server: absolute, Health: messages.Alive, Source: messages.SourceConfig}}, 0, 1, "")
	if !view.Contains(relative) || view.Health(relative) != messages.Alive || view.Source(relative) != messages.SourceConfig {
		t.Error("a view that lists an absolute name does not know the relative one")
	}
	if n := testing.AllocsPerRun(100, func() { _ = relative.Key() }); n != 0 {
		t.Errorf("the key of a relative name: %v allocations", n)
	}
}
