package demo

import (
	"crypto/tls"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// credentials are the TLS configurations of both sides; nil for plain TCP.
type credentials struct {
	server *tls.Config
	client *pool.TLSConfig
}

// newCredentials makes a CA and issues certificates; none unless wanted.
func newCredentials(wanted bool) (c credentials, err error) {
	if !wanted {
		return c, nil
	}
	ca, err := testutil.NewCA()
	if err != nil {
		return c, err
	}
	server, err := ca.Server("global")
	if err != nil {
		return c, err
	}
	client, err := ca.Client("global")
	if err != nil {
		return c, err
	}
	return credentials{
		server: ca.ServerTLS(server, "global"),
		client: &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: client.CertPEM, KeyPEM: client.KeyPEM},
	}, nil
}
