package edns_test

import (
	"context"
	"fmt"
	"net"

	"github.com/open-nomad/rpcproxy/internal/edns"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

func ExampleResolvers_Wrap() {
	s, err := dnstest.Start(dnstest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = s.Stop(context.Background()) }()
	_ = s.Set("nomad.test. 1 IN A 10.0.0.1")
	s.Inject("nomad.test.", dnstest.NoEDNS)

	var known edns.Resolvers
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, s.Addr())
		if err != nil {
			return nil, err
		}
		return known.Wrap(c, s.Addr()), nil
	}}
	fmt.Println(r.LookupHost(context.Background(), "nomad.test."))
	// Output: [10.0.0.1] <nil>
}
