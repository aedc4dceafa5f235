package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/pool"
)

// tlsFlags say how to speak TLS with real clusters.
type tlsFlags struct{ ca, cert, key, name string }

func (t *tlsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&t.ca, "ca", "", "speak TLS: file with the CA of the servers' certificates")
	flags.StringVar(&t.cert, "cert", "", "file with the certificate to show")
	flags.StringVar(&t.key, "key", "", "file with the key of --cert")
	flags.StringVar(&t.name, "tls-server-name", "", "name in the servers' certificates, in place of server.REGION.nomad")
}

// config is nil without any of the flags. What is in the files is looked at by
// who connects.
func (t *tlsFlags) config() (*pool.TLSConfig, error) {
	if *t == (tlsFlags{}) {
		return nil, nil //nolint:nilnil // plain TCP
	}
	if t.ca == "" {
		return nil, errors.New("--ca is missing: --cert, --key and --tls-server-name need it")
	}
	return &pool.TLSConfig{CAFile: t.ca, CertFile: t.cert, KeyFile: t.key, ServerName: t.name}, nil
}
