package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/agentapi"
	"github.com/open-nomad/rpcproxy/internal/pemtext"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool"
)

// tlsFlags are the TLS flags of the commands for real clusters.
type tlsFlags struct {
	ca, cert, key, name string
	anyName             bool
	version, suites     string

	caText, certText, keyText string // what came out of pipes; empty: they are files
}

func (t *tlsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&t.ca, "ca", "", "speak TLS: file with the CA of the servers' certificates")
	flags.StringVar(&t.cert, "cert", "", "file with the certificate to show")
	flags.StringVar(&t.key, "key", "", "file with the key of --cert")
	flags.StringVar(&t.name, "tls-server-name", "", "name in the servers' certificates, in place of server.REGION.nomad")
	flags.BoolVar(&t.anyName, "no-verify-server-name", false, "accept any certificate of the CA, whatever its name is")
	withVariable(cmd, "ca", caVariable)
	withVariable(cmd, "cert", certVariable)
	withVariable(cmd, "key", keyVariable)
	withVariable(cmd, "tls-server-name", serverNameVariable)
	flags.StringVar(&t.version, "tls-min-version", "", "oldest TLS to speak, 1.2 or 1.3 (default 1.2)")
	flags.StringVar(&t.suites, "tls-cipher-suites", "", "cipher suites for TLS 1.2, with commas between (default those of Go)")
}

// given reports whether one of the flags is on the command line.
func (t *tlsFlags) given(cmd *cobra.Command) bool {
	for _, name := range []string{"ca", "cert", "key", "tls-server-name", "no-verify-server-name", "tls-min-version", "tls-cipher-suites"} {
		if cmd.Flags().Changed(name) {
			return true
		}
	}
	return false
}

// config is nil without any of the flags and variables. The pool reads the files; pipes are read here, once.
func (t *tlsFlags) config(ctx context.Context, region string) (*pool.TLSConfig, error) {
	if *t == (tlsFlags{}) {
		return nil, nil //nolint:nilnil // plain TCP
	}
	if t.ca == "" {
		return nil, errors.New("--ca is missing: the other flags of TLS need it, and their variables " + caVariable)
	}
	version, err := pool.ParseTLSVersion(t.version)
	if err != nil {
		return nil, fmt.Errorf("--tls-min-version is %s: give 1.2 or 1.3", printable.Quote(t.version, maxField))
	}
	suites, err := pool.ParseCipherSuites(t.suites)
	if err != nil {
		return nil, fmt.Errorf("--tls-cipher-suites: %w", err)
	}
	cfg := &pool.TLSConfig{
		CAFile: t.ca, CertFile: t.cert, KeyFile: t.key, Region: region,
		ServerName: t.name, VerifyServerName: new(!t.anyName),
		MinVersion: version, CipherSuites: suites,
	}
	for _, f := range []struct {
		flag string
		text *string
		file *string
		pem  *[]byte
	}{
		{"ca", &t.caText, &cfg.CAFile, &cfg.CAPEM},
		{"cert", &t.certText, &cfg.CertFile, &cfg.CertPEM},
		{"key", &t.keyText, &cfg.KeyFile, &cfg.KeyPEM},
	} {
		if *f.text == "" {
			if *f.text, err = piped(ctx, f.flag, *f.file, pemtext.Limit); err != nil {
				return nil, err
			}
		}
		if *f.text != "" {
			*f.file, *f.pem = "", []byte(*f.text)
		}
	}
	return cfg, nil
}

// api is how to reach an agent over HTTPS: with the CA of --ca, or else those of the system.
func (t *tlsFlags) api(ctx context.Context, region string) (agentapi.Config, error) {
	cfg := agentapi.Config{ServerName: t.name}
	if t.ca == "" {
		return cfg, nil
	}
	tls, err := t.config(ctx, region)
	if err != nil {
		return cfg, err
	}
	cfg.CAFile, cfg.CertFile, cfg.KeyFile = tls.CAFile, tls.CertFile, tls.KeyFile
	cfg.CAPEM, cfg.CertPEM, cfg.KeyPEM = tls.CAPEM, tls.CertPEM, tls.KeyPEM
	return cfg, nil
}
