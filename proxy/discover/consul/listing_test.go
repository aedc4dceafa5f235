package consul_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

func TestAServicesOwnAddressCountsBeforeItsNodes(t *testing.T) {
	c := start(t, consultest.Config{})
	c.SetServices("dc1",
		consultest.Service{NodeAddress: "10.0.0.1", Address: "192.0.2.1", Port: 4647},
		consultest.Service{NodeAddress: "10.0.0.2", Port: 5647},
		consultest.Service{Address: "Nomad.Example.", NoNodeAddress: true, Port: 1},
		consultest.Service{NodeAddress: "2001:DB8::1", Port: 65535},
		consultest.Service{Address: "::ffff:10.0.0.3", Port: 4647},
		consultest.Service{Address: "fe80::1%eth0", Port: 4647})
	finds(t, finder(t, consul.Config{Address: c.Addr()}),
		"192.0.2.1:4647", "10.0.0.2:5647", "nomad.example.:1", "[2001:db8::1]:65535", "10.0.0.3:4647", "[fe80::1%eth0]:4647")
}

func TestEntriesThatCannotBeDialedAreSkippedAndCounted(t *testing.T) {
	bad := []consultest.Service{
		{Node: "a", NodeAddress: "10.0.0.1", Port: 0},
		{Node: "b", NodeAddress: "10.0.0.1", Port: -1},
		{Node: "c", NodeAddress: "10.0.0.1", Port: 65536},
		{Node: "d", NoNodeAddress: true, Port: 4647},
		{Node: "e", Address: "not an address", Port: 4647},
		{Node: "f", Address: "10.0.0.300", Port: 4647},
		{Node: "g", Address: "169.254.169.254", Port: 80},
		{Node: "h", NodeAddress: "::ffff:169.254.170.2", Port: 80},
	}
	c := start(t, consultest.Config{})
	c.SetServices("dc1", append([]consultest.Service{at("10.0.0.9")}, bad...)...)
	d := finder(t, consul.Config{Address: c.Addr()})
	found, err := d.Walk(limited(t))
	if err != nil || len(found.Addrs) != 1 || found.Addrs[0] != "10.0.0.9:4647" || found.Skipped != len(bad) || found.Datacenter != "dc1" {
		t.Errorf("%+v, %v, want one server and %d skipped", found, err, len(bad))
	}
	for i, s := range bad {
		c.SetServices("dc1", bad[i:]...)
		err := failed(t, d, consul.ErrUnusable)
		if want := fmt.Sprintf("%d skipped, the first because node %q", len(bad)-i, s.Node); !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
	c.Inject(consultest.Malformed("[null]").On(service))
	failed(t, d, consul.ErrUnusable)
}

func TestADatacenterWithBadEntriesOnlyIsLeftForTheNext(t *testing.T) {
	c := federation(t, 2)
	c.SetServices("dc0", consultest.Service{Port: 0})
	c.SetServices("dc1", at("10.1.0.1"))
	finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.1.0.1:4647")
}

func TestEachServerIsAnsweredOnceInConsulsOrder(t *testing.T) {
	c := start(t, consultest.Config{})
	c.SetServices("dc1", at("10.0.0.3"), at("10.0.0.1"), at("10.0.0.3"),
		consultest.Service{NodeAddress: "10.0.0.1", Port: 4647}, at("10.0.0.2"), at("NOMAD.example"), at("nomad.example."))
	for range 3 {
		finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.0.0.3:4647", "10.0.0.1:4647", "10.0.0.2:4647", "nomad.example:4647")
	}
}

func TestNoMoreThan256ServersAreTakenTheNearestOnes(t *testing.T) {
	var services []consultest.Service
	var want []string
	for i := range 300 {
		host := fmt.Sprintf("10.0.%d.%d", i/250, i%250)
		services = append(services, at(host), at(host))
		if i < 256 {
			want = append(want, host+":4647")
		}
	}
	c := start(t, consultest.Config{})
	c.SetServices("dc1", services...)
	finds(t, finder(t, consul.Config{Address: c.Addr()}), want...)
}
