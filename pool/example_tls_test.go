package pool_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func ExamplePool_SetTLS() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ca, err := testutil.NewCA()
	if err != nil {
		panic(err)
	}
	client := func() *pool.TLSConfig {
		id, err := ca.Client("global")
		if err != nil {
			panic(err)
		}
		return &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: id.CertPEM, KeyPEM: id.KeyPEM}
	}
	id, err := ca.Server("global")
	if err != nil {
		panic(err)
	}
	server, err := testutil.StartServer(testutil.ServerConfig{TLS: ca.ServerTLS(id, "global")})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(ctx) }()

	p, err := pool.New(pool.Config{TLS: client(), DialTimeout: 10 * time.Second})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(ctx) }()
	_, err = p.Ping(ctx, server.Addr())
	fmt.Println("called:", err)

	// A new certificate, before the old one expires. No call notices.
	fmt.Println("replaced:", p.SetTLS(ctx, client()))

	// A certificate that a server does not take changes nothing.
	none := &pool.TLSConfig{CAPEM: ca.PEM()}
	fmt.Println("refused:", errors.Is(p.SetTLS(ctx, none), pool.ErrTLSRefused))
	_, err = p.Ping(ctx, server.Addr())
	fmt.Println("called:", err)

	// Which servers are trusted is not for these to decide.
	mars := client()
	mars.Region = "mars"
	fmt.Println("replaced:", p.SetTLS(ctx, mars))
	for err == nil { // on the session there is, until its server was dialed anew
		_, err = p.Ping(ctx, server.Addr())
	}
	if e, ok := errors.AsType[*pool.TLSError](err); ok {
		fmt.Printf("%q %q %v\n", e.Wanted, e.Offered, errors.Is(err, pool.ErrTLSWrongName))
	}
	// Output:
	// called: <nil>
	// replaced: <nil>
	// refused: true
	// called: <nil>
	// replaced: <nil>
	// "server.mars.nomad" ["server.global.nomad" "localhost"] true
}
