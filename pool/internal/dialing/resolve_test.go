package dialing

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestFamiliesAlternateBeginningWithThatOfTheFirstAddress(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1":                        "10.0.0.1",
		"::1 ::2 ::3 10.0.0.1":            "::1 10.0.0.1 ::2 ::3",
		"10.0.0.1 10.0.0.2 ::1 ::2 ::3":   "10.0.0.1 ::1 10.0.0.2 ::2 ::3",
		"10.0.0.1 ::ffff:10.0.0.2 ::1":    "10.0.0.1 ::1 10.0.0.2",
		"::ffff:10.0.0.1 ::1 10.0.0.1":    "10.0.0.1 ::1",
		"::1 ::1 10.0.0.1 10.0.0.1":       "::1 10.0.0.1",
		"fe80::1%eth0 10.0.0.1 fe80::1%1": "fe80::1%eth0 10.0.0.1 fe80::1%1",
	} {
		var ips []netip.Addr
		for f := range strings.FieldsSeq(in) {
			ips = append(ips, netip.MustParseAddr(f))
		}
		var got []string
		for _, ip := range alternate(ips) {
			got = append(got, ip.String())
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v, want %s", in, got, want)
		}
	}
}

func TestAnAddressWithoutANameGoesToTheDialerAsItIs(t *testing.T) {
	r := &Resolver{Net: &net.Resolver{PreferGo: true}}
	for _, addr := range []string{"10.0.0.1:1", "[::1]:1", "[fe80::1%eth0]:1", "[::ffff:10.0.0.1]:1", ":1", "no port", ""} {
		if routes, err := r.Resolve(t.Context(), addr); err != nil || !slices.Equal(routes.Each, []string{addr}) {
			t.Errorf("%q: %q, %v", addr, routes.Each, err)
		}
	}
}
