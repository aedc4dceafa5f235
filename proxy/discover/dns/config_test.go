package dns

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestNamesAndResolversAreReadAsWritten(t *testing.T) {
	c := Config{
		Names:     []string{"Nomad.Test", "nomad.test.", "nomad.test.:5000", "nomad.test:5001", "_rpc._tcp.test."},
		Services:  []string{"nomad.service.test"},
		Port:      4700,
		Resolvers: []string{"10.0.0.1", "10.0.0.1:8600", "::1", "::1:4647", "[::1]", "[::1]:8600", "resolver.test"},
	}
	questions, resolvers, err := c.validate()
	if err != nil {
		t.Fatal(err)
	}
	want := []question{
		{"Nomad.Test", "nomad.test", false, 4700},
		{"nomad.test.", "nomad.test.", false, 4700},
		{"nomad.test.:5000", "nomad.test.", false, 5000},
		{"nomad.test:5001", "nomad.test", false, 5001},
		{"_rpc._tcp.test.", "_rpc._tcp.test.", true, 4700},
		{"nomad.service.test", "nomad.service.test", true, 4700},
	}
	if !slices.Equal(questions, want) {
		t.Errorf("%+v, want %+v", questions, want)
	}
	if want := []string{"10.0.0.1:53", "10.0.0.1:8600", "[::1]:53", "[::1:4647]:53", "[::1]:53", "[::1]:8600", "resolver.test:53"}; !slices.Equal(resolvers, want) {
		t.Errorf("%q, want %q", resolvers, want)
	}
	if c.Timeout != 2*time.Second || c.Attempts != 2 {
		t.Errorf("%+v", c)
	}
}

func TestOnlyAddressesThatCanBeDialedAreUsed(t *testing.T) {
	got := usable([]string{"::ffff:192.0.2.1", "192.0.2.1", "no address", "0.0.0.0", "::", "::ffff:0.0.0.0", "ff02::1", "239.0.0.1", "255.255.255.255", "169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1%eth0", "2001:db8::1"})
	want := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("fe80::1%eth0"), netip.MustParseAddr("2001:db8::1")}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
