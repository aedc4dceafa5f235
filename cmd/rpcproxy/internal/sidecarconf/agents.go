package sidecarconf

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/pemtext"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/internal/safefile"
)

// LoadAgents reads the files for TLS towards agents; nil is plain TCP. It waits 5 s for each
// at most. The error is Errors. warning is for the log; empty: there is none.
func (c *Config) LoadAgents(ctx context.Context) (cfg *tls.Config, warning string, err error) {
	if c.Agents.CertFile == "" {
		return nil, "", nil
	}
	certs, err := read(ctx, c, "agents.cert_file", c.Agents.CertFile, pemtext.Chain)
	if err != nil {
		return nil, "", err
	}
	keys, err := read(ctx, c, "agents.key_file", c.Agents.KeyFile, pemtext.Keys)
	if err != nil {
		return nil, "", err
	}
	pair, err := pemtext.Pair(certs, keys, time.Now())
	if err != nil {
		return nil, "", Errors{c.bad("agents.key_file", "does not fit agents.cert_file", contain.Text(err), err)}
	}
	cfg = &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*pair},
		SessionTicketsDisabled: true, // who connects shows a certificate that counts now
	}
	if want := "server." + c.Region + ".nomad"; pair.Leaf != nil && !slices.Contains(pair.Leaf.DNSNames, want) {
		warning = fmt.Sprintf("%s has no certificate for %s: agents with verify_server_hostname = true will refuse it", printable.Text(c.Agents.CertFile), printable.Name(want))
	}
	if c.Agents.ClientCAFile == "" {
		return cfg, warning, nil
	}
	authorities, err := read(ctx, c, "agents.client_ca_file", c.Agents.ClientCAFile, pemtext.Authorities)
	if err != nil {
		return nil, "", err
	}
	cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	for _, a := range authorities {
		cfg.ClientCAs.AddCert(a)
	}
	cfg.VerifyConnection = agentsOf(c.Region)
	return cfg, warning, nil
}

// agentsOf refuses certificates that are no agent's of a region: an authority may have signed
// those of people and of other programs too. Servers of the cluster ask for the same.
func agentsOf(region string) func(tls.ConnectionState) error {
	want := "client." + region + ".nomad"
	return func(s tls.ConnectionState) error {
		for _, cert := range s.PeerCertificates[:min(len(s.PeerCertificates), 1)] {
			for _, name := range cert.DNSNames {
				if name == want || strings.HasPrefix(name, "server.") && strings.HasSuffix(name, ".nomad") {
					return nil
				}
			}
		}
		return errors.New("the certificate is not for " + printable.Name(want))
	}
}

// read reads one file.
func read[T any](ctx context.Context, c *Config, key, path string, parse func([]byte) (T, error)) (read T, err error) {
	f, err := safefile.Read(ctx, path, safefile.Rules{Limit: pemtext.Limit})
	if err != nil {
		return read, Errors{c.bad(key, fmt.Sprintf("is %q, which cannot be read: %s", path, safefile.Why(err)), "", err)}
	}
	if read, err = parse(f.Data); err != nil {
		return read, Errors{c.bad(key, fmt.Sprintf("is %q, which cannot be used: %s", path, contain.Text(err)), "", err)}
	}
	return read, nil
}

// Swap is a configuration of TLS whose content can be replaced while connections come in.
type Swap struct{ now atomic.Pointer[tls.Config] }

// Put replaces the content, for handshakes from now on.
func (s *Swap) Put(cfg *tls.Config) { s.now.Store(cfg) }

// Config is the configuration to listen with; nil if nothing was put. Each handshake is made
// with what was put last, and no session is resumed.
func (s *Swap) Config() *tls.Config {
	first := s.now.Load()
	if first == nil {
		return nil
	}
	cfg := first.Clone()
	cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.now.Load(), nil }
	return cfg
}
