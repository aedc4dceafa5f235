package credentials

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// A session that is resumed comes with certificates that were verified before: they are
// verified in such a handshake as well. Tickets are of one value of Credentials; a cache that
// outlived it, as here, would change nothing.
func TestAResumedHandshakeVerifiesTheChainToo(t *testing.T) {
	ca, err := testutil.NewCA()
	noError(t, err)
	stranger, err := testutil.NewCA()
	noError(t, err)
	id, err := ca.Server("mars")
	noError(t, err)
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			server := &tls.Config{Certificates: []tls.Certificate{id.Certificate}, MinVersion: v, MaxVersion: v}
			cache := tls.NewLRUClientSessionCache(1)
			meet := func(roots []byte) (resumed bool, err error) {
				t.Helper()
				creds, err := (&Config{CAPEM: roots, VerifyServerName: new(false)}).Load()
				noError(t, err)
				if creds.tls.ClientSessionCache != nil {
					t.Error("tickets of all servers would be kept together")
				}
				cfg := creds.tls.Clone()
				cfg.ClientSessionCache, cfg.ServerName = cache, "any"
				return shake(t, cfg, server)
			}
			if resumed, err := meet(ca.PEM()); resumed || err != nil {
				t.Fatalf("resumed %v, %v", resumed, err)
			}
			if resumed, err := meet(ca.PEM()); !resumed || err != nil {
				t.Fatalf("resumed %v, %v", resumed, err)
			}
			resumed, err := meet(stranger.PEM())
			if e, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
				t.Errorf("resumed %v, %v: %v", resumed, err, e)
			}
		})
	}
}

// shake has both meet, and reads a byte of the server's so that its tickets come in.
func shake(t *testing.T, client, server *tls.Config) (resumed bool, err error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer ln.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		secured := tls.Server(conn, server)
		if secured.Handshake() == nil {
			_, _ = secured.Write([]byte{1})
		}
		_, _ = conn.Read(make([]byte, 1)) // until the client has gone
	}()
	defer func() { <-done }()
	raw, err := net.Dial("tcp", ln.Addr().String())
	noError(t, err)
	defer raw.Close()
	conn := tls.Client(raw, client)
	if err := conn.Handshake(); err != nil {
		return false, err
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return false, err
	}
	return conn.ConnectionState().DidResume, nil
}
