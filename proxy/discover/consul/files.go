package consul

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/pemtext"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/internal/safefile"
)

// Bounds of what is read from files.
const (
	maxToken     = 64 << 10 // bytes
	maxAuthority = 4096     // files in the directory of authorities
)

// readToken returns the token for a walk, or "".
func (s *settings) readToken(ctx context.Context) (string, error) {
	if s.api.TokenFile == "" {
		return s.api.Token, nil
	}
	field := origin("TokenFile", s.TokenFile, api.HTTPTokenFileEnvName)
	if printable.LooksSecret(s.api.TokenFile) {
		return "", &ConfigError{Field: field, Reason: "looks like a token: write it into a file that only you can read, and give the file's name"}
	}
	f, err := safefile.Read(ctx, s.api.TokenFile, safefile.Rules{Limit: maxToken})
	if err != nil {
		return "", unreadable(field, s.api.TokenFile, err)
	}
	token := string(bytes.TrimSpace(bytes.TrimPrefix(f.Data, []byte("\ufeff")))) // a byte order mark
	if token == "" || !plain(token) {
		return "", &ConfigError{Field: field, Reason: "is " + quote(s.api.TokenFile) + ", which holds no token: write it there as it was issued"}
	}
	return token, nil
}

// unreadable is the error for a file that cannot be read.
func unreadable(field, path string, err error) error {
	return &ConfigError{Field: field, Reason: fmt.Sprintf("is %s, which cannot be read: %s", quote(path), safefile.Why(err)), Err: err}
}

// unusable is the error for a file whose content is not what it should be.
func unusable(field, path string, err error) error {
	return &ConfigError{Field: field, Reason: fmt.Sprintf("is %s, which cannot be used: %s", quote(path), contain.Text(err)), Err: err}
}

// tlsConfig reads the files for TLS.
func (s *settings) tlsConfig(ctx context.Context) (*tls.Config, error) {
	t := &s.api.TLSConfig
	cfg := &tls.Config{InsecureSkipVerify: t.InsecureSkipVerify} //nolint:gosec // only where the environment says so
	cfg.ServerName = t.Address
	if host, _, err := net.SplitHostPort(t.Address); err == nil {
		cfg.ServerName = host
	}
	var err error
	if t.CertFile != "" || t.KeyFile != "" {
		if cfg.Certificates, err = s.certificate(ctx); err != nil {
			return nil, err
		}
	}
	switch {
	case t.CAFile != "":
		field := origin("CAFile", s.CAFile, api.HTTPCAFile)
		cfg.RootCAs = x509.NewCertPool()
		err = s.trust(ctx, cfg.RootCAs, field, t.CAFile)
	case t.CAPath != "":
		cfg.RootCAs, err = s.trustAll(ctx, t.CAPath)
	}
	return cfg, err
}

// certificate reads this side's certificate.
func (s *settings) certificate(ctx context.Context) ([]tls.Certificate, error) {
	t := &s.api.TLSConfig
	certField, keyField := origin("CertFile", s.CertFile, api.HTTPClientCert), origin("KeyFile", s.KeyFile, api.HTTPClientKey)
	switch {
	case t.CertFile == "":
		return nil, &ConfigError{Field: "CertFile", Reason: "is empty, and KeyFile is not: give both, or neither"}
	case t.KeyFile == "":
		return nil, &ConfigError{Field: "KeyFile", Reason: "is empty, and CertFile is not: give both, or neither"}
	}
	cert, err := readPEM(ctx, certField, t.CertFile)
	if err != nil {
		return nil, err
	}
	chain, err := pemtext.Chain(cert)
	if err != nil {
		return nil, unusable(certField, t.CertFile, err)
	}
	key, err := readPEM(ctx, keyField, t.KeyFile)
	if err != nil {
		return nil, err
	}
	keys, err := pemtext.Keys(key)
	if err != nil {
		return nil, unusable(keyField, t.KeyFile, err)
	}
	own, err := pemtext.Pair(chain, keys, time.Now())
	if err != nil {
		return nil, &ConfigError{Field: certField, Reason: fmt.Sprintf("is %q, and the key in %q is not its key: %v", t.CertFile, t.KeyFile, err), Err: err}
	}
	return []tls.Certificate{*own}, nil
}

// trustAll makes a pool of the authorities in a directory.
func (s *settings) trustAll(ctx context.Context, dir string) (*x509.CertPool, error) {
	paths, err := safefile.List(ctx, dir, maxAuthority)
	if err != nil {
		return nil, unreadable(api.HTTPCAPath, dir, err)
	}
	pool := x509.NewCertPool()
	for _, path := range paths {
		if err := s.trust(ctx, pool, api.HTTPCAPath, path); err != nil {
			return nil, err
		}
	}
	return pool, nil
}

// trust adds the authorities in a file.
func (s *settings) trust(ctx context.Context, pool *x509.CertPool, field, path string) error {
	text, err := readPEM(ctx, field, path)
	if err != nil {
		return err
	}
	certs, err := pemtext.Certificates(text)
	if err != nil {
		return unusable(field, path, err)
	}
	for _, c := range certs {
		pool.AddCert(c)
	}
	return nil
}

func readPEM(ctx context.Context, field, path string) ([]byte, error) {
	f, err := safefile.Read(ctx, path, safefile.Rules{Limit: pemtext.Limit})
	if err != nil {
		return nil, unreadable(field, path, err)
	}
	return f.Data, nil
}

// origin is the field or the variable that a value came from.
func origin(field, given, variable string) string {
	if given != "" {
		return field
	}
	return variable
}

// clientToken is what Consul's client is given for a token that is sent with each request.
// It must not have the environment's own: it would then read the file of
// CONSUL_HTTP_TOKEN_FILE itself, whatever that is.
func clientToken(token string) string {
	if token == "" {
		return "" // then that variable is not set
	}
	return "each request has its own"
}
