package dnstest_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

func Example() {
	s, err := dnstest.Start(dnstest.Config{})
	if err != nil {
		panic(err)
	}
	defer s.Stop(context.Background())

	if err := s.Set("nomad.test. 1 IN A 192.0.2.1"); err != nil {
		panic(err)
	}
	found, err := s.Resolver().LookupHost(context.Background(), "nomad.test.")
	fmt.Println(found, err)

	s.Inject("nomad.test.", dnstest.Refused)
	_, err = s.Resolver().LookupHost(context.Background(), "nomad.test.")
	fmt.Println(err != nil)
	// Output:
	// [192.0.2.1] <nil>
	// true
}
