package ipcheck_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/ipcheck"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestNoServerHasAnAddressThatLeadsNowhere(t *testing.T) {
	for _, s := range []string{
		"0.0.0.0", "0.0.0.1", "0.255.255.255", "::", "::%eth0", "::ffff:0.0.0.0", "::ffff:0.1.2.3",
		"224.0.0.1", "239.255.255.255", "::ffff:224.0.0.1", "ff02::1", "ff02::1%eth0", "ff0e::1",
		"255.255.255.255", "::ffff:255.255.255.255", "64:ff9b::", "64:ff9b::255.255.255.255", "64:ff9b::224.0.0.1",
		"2002:e000:1::", "::ffff:0:0.0.0.0",
	} {
		if ipcheck.Unusable(netip.MustParseAddr(s)) == "" {
			t.Errorf("%s passes", s)
		}
	}
	for _, s := range []string{"127.0.0.1", "1.0.0.0", "10.0.0.255", "240.0.0.1", "255.255.255.254", "::1", "fe80::1%eth0", "2001:db8::", "169.254.1.1", "64:ff9b::10.0.0.1", "2002:a00:1::1", "64:ff9b:1::10.0.0.1", "64:ff9b:1:a00:0:100::", "::1:5000"} {
		if why := ipcheck.Unusable(netip.MustParseAddr(s)); why != "" {
			t.Errorf("%s: %s", s, why)
		}
	}
}

func TestMetadataServicesAreKnown(t *testing.T) {
	for _, s := range []string{
		"169.254.169.254", "::ffff:169.254.169.254", "169.254.169.253", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23",
		"fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fe80::a9fe:a9fe%eth0", "169.254.42.42",
		"169.254.0.23", "fd00:c1::a9fe:a9fe", "64:ff9b::a9fe:a9fe", "64:ff9b::169.254.170.2%eth0", "64:ff9b:1::169.254.169.254", "64:ff9b:1:a9fe:a9:fe00::",
		"64:ff9b:1:1:a9:fea9:fe00::", "2002:a9fe:a9fe::1", "::ffff:0:169.254.169.254", "::169.254.169.254", "64:ff9b::6464:64c8",
	} {
		if !ipcheck.Metadata(netip.MustParseAddr(s)) {
			t.Errorf("%s passes", s)
		}
	}
	for _, s := range []string{"169.254.1.1", "169.254.171.1", "fd00:ec3::254", "fd00::254", "10.0.0.1", "fe80::1", "100.100.100.201", "64:ff9b::10.0.0.1", "::1", "2002:a00:1::a9fe:a9fe"} {
		if ipcheck.Metadata(netip.MustParseAddr(s)) {
			t.Errorf("%s is refused", s)
		}
	}
}

func ExampleUnusable() {
	fmt.Println(ipcheck.Unusable(netip.MustParseAddr("0.0.0.0")))
	fmt.Println(ipcheck.Metadata(netip.MustParseAddr("169.254.169.254")))
	// Output:
	// it is the unspecified address, which stands for this machine
	// true
}
