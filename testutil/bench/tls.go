package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// region is that of all servers.
const region = "global"

// credentials are the TLS configurations of both sides; nil for plain TCP.
type credentials struct {
	server *tls.Config     // of every server
	pool   *pool.TLSConfig // of ours
	client *tls.Config     // of the others
}

// newCredentials makes a CA and issues certificates.
func newCredentials() (credentials, error) {
	ca, err := testutil.NewCA()
	if err != nil {
		return credentials{}, err
	}
	server, err1 := ca.Server(region)
	client, err2 := ca.Client(region)
	if err := errors.Join(err1, err2); err != nil {
		return credentials{}, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM())
	return credentials{
		server: ca.ServerTLS(server, region),
		pool:   &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: client.CertPEM, KeyPEM: client.KeyPEM},
		client: &tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{client.Certificate},
			ServerName: "server." + region + ".nomad", MinVersion: tls.VersionTLS12,
		},
	}, nil
}
