package bench

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// region is where all servers are.
const region = "global"

// trust is what both sides need to speak TLS; all nil: they speak plain TCP.
type trust struct {
	server *tls.Config     // of every server
	pool   *pool.TLSConfig // of ours
	client *tls.Config     // of the others
}

// newTrust makes an authority that is forgotten afterwards, and what it issues.
func newTrust() (trust, error) {
	ca, err := testutil.NewCA()
	if err != nil {
		return trust{}, err
	}
	server, err1 := ca.Server(region)
	client, err2 := ca.Client(region)
	if err := errors.Join(err1, err2); err != nil {
		return trust{}, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM())
	return trust{
		server: ca.ServerTLS(server, region),
		pool:   &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: client.CertPEM, KeyPEM: client.KeyPEM},
		client: &tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{client.Certificate},
			ServerName: "server." + region + ".nomad", MinVersion: tls.VersionTLS12,
		},
	}, nil
}
