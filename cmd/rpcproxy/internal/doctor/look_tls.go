package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/internal/pemtext"
	"github.com/open-nomad/rpcproxy/internal/safefile"
	"github.com/open-nomad/rpcproxy/pool"
)

// ours makes what is needed to look at servers over TLS, and lists the certificates of this
// side. The pool has judged cfg already, so what cannot be read here is left out.
func ours(ctx context.Context, cfg *pool.TLSConfig) (*tls.Config, []Certificate) {
	if cfg == nil {
		return nil, nil
	}
	var all []Certificate
	certs, _ := pemtext.Certificates(text(ctx, cfg.CertFile, cfg.CertPEM))
	keys, _ := pemtext.Keys(text(ctx, cfg.KeyFile, cfg.KeyPEM))
	var shown *tls.Certificate
	if len(certs) > 0 && len(keys) > 0 {
		shown, _ = pemtext.Pair(certs, keys, time.Now())
	}
	for _, c := range certs {
		all = append(all, certificate(c, "this side"))
	}
	authorities, _ := pemtext.Certificates(text(ctx, cfg.CAFile, cfg.CAPEM))
	for _, c := range authorities {
		all = append(all, certificate(c, "the CA"))
	}
	secure := inspecting(shown)
	secure.MinVersion, secure.CipherSuites = max(cfg.MinVersion, tls.VersionTLS12), cfg.CipherSuites
	secure.ServerName = cfg.ServerName
	if secure.ServerName == "" {
		secure.ServerName = "server." + cfg.Region + ".nomad"
	}
	return secure, all
}

// text is what a file holds, or else what was given.
func text(ctx context.Context, file string, given []byte) []byte {
	if file == "" {
		return given
	}
	f, err := safefile.Read(ctx, file, safefile.Rules{Limit: pemtext.Limit})
	if err != nil {
		return nil
	}
	return f.Data
}

// inspecting is a configuration that takes any certificate, to look at it. Nothing is told
// to a server on such a connection: whether it is trusted the pool decides, on its own.
func inspecting(shown *tls.Certificate) *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
	if shown != nil {
		cfg.Certificates = []tls.Certificate{*shown}
	}
	return cfg
}

// handshake sends the byte of TLS and shakes hands. What the server showed is returned also
// if that failed later; nil: nothing.
func handshake(ctx context.Context, conn net.Conn, cfg *tls.Config) (over *tls.Conn, shown *TLS, err error) {
	if _, err := conn.Write([]byte{secured}); err != nil {
		return nil, nil, err
	}
	cfg = cfg.Clone()
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		shown = &TLS{Version: state.Version}
		for _, c := range state.PeerCertificates {
			shown.Certs = append(shown.Certs, certificate(c, ""))
		}
		return nil
	}
	over = tls.Client(conn, cfg)
	err = over.HandshakeContext(ctx)
	return over, shown, err
}
