package dns_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

func Example() {
	resolver, err := dnstest.Start(dnstest.Config{}) // in place of a real one
	if err != nil {
		panic(err)
	}
	defer resolver.Stop(context.Background())
	if err := resolver.Set(
		"nomad.test. 1 IN A 192.0.2.1", "nomad.test. 1 IN AAAA 2001:db8::1",
		"_nomad-rpc._tcp.test. 1 IN SRV 1 1 4700 first.test.", "first.test. 1 IN A 192.0.2.7",
	); err != nil {
		panic(err)
	}

	d, err := dns.New(dns.Config{
		Names:     []string{"nomad.test.", "_nomad-rpc._tcp.test.", "old.test."},
		Resolvers: []string{resolver.Addr()}, // without: the system's
	})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	addrs, err := d.Discover(ctx)
	slices.Sort(addrs)
	fmt.Println(addrs, err)

	_, failed := d.Lookup(ctx)
	for _, e := range failed {
		fmt.Println(e.Name, e.Reason, errors.Is(e, dns.ErrNoSuchName))
	}
	// Output:
	// [192.0.2.1:4647 192.0.2.7:4700 [2001:db8::1]:4647] <nil>
	// old.test. no such name (NXDOMAIN) true
}
