package testutil_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/open-nomad/rpcproxy/testutil"
)

// A server that speaks TLS, and a client of its region, without a file.
func ExampleCA() {
	ca, err := testutil.NewCA()
	if err != nil {
		panic(err)
	}
	serverID, err := ca.Server("global")
	if err != nil {
		panic(err)
	}
	clientID, err := ca.Client("global")
	if err != nil {
		panic(err)
	}
	server, err := testutil.StartServer(testutil.ServerConfig{TLS: ca.ServerTLS(serverID, "global")})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()

	sock, err := net.Dial("tcp", server.Addr())
	if err != nil {
		panic(err)
	}
	defer func() { _ = sock.Close() }()
	if _, err := sock.Write([]byte{0x04}); err != nil { // TLS follows
		panic(err)
	}
	secured := tls.Client(sock, ca.ClientTLS(clientID, "global"))
	fmt.Println(secured.Handshake())
	fmt.Println(secured.ConnectionState().PeerCertificates[0].DNSNames)
	// Output:
	// <nil>
	// [server.global.nomad localhost]
}
