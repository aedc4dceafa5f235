package main

import (
	"crypto/tls"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// trust is what the two sides of a play need to speak TLS; both nil: they do not.
type trust struct {
	server *tls.Config
	client *pool.TLSConfig
}

// newTrust makes an authority for the play and what it issues.
func newTrust(wanted bool) (t trust, err error) {
	if !wanted {
		return t, nil
	}
	ca, err := testutil.NewCA()
	if err != nil {
		return t, err
	}
	server, err := ca.Server("global")
	if err != nil {
		return t, err
	}
	client, err := ca.Client("global")
	if err != nil {
		return t, err
	}
	return trust{
		server: ca.ServerTLS(server, "global"),
		client: &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: client.CertPEM, KeyPEM: client.KeyPEM},
	}, nil
}
