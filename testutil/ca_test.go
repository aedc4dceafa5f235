package testutil

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// must fails t on an error.
func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// greetTLS connects as a client with cfg and pings. A server that does not take
// the certificate reports that only once the client has taken its own.
func greetTLS(t *testing.T, s *Server, cfg *tls.Config) error {
	t.Helper()
	secured := tls.Client(connect(t, s.Addr(), modeTLS), cfg)
	if _, err := secured.Write([]byte{modeRPC}); err != nil {
		return err
	}
	stream := &rpcStream{Stream: plainclient.NewStream(secured, plain)}
	return stream.call("Status.Ping", dict{}, nil)
}

func TestAServerTakesTheClientsOfItsRegionAndAnyServer(t *testing.T) {
	ca, other := must[*CA](t)(NewCA()), must[*CA](t)(NewCA())
	id := must[*Identity](t)
	s := start(t, ServerConfig{TLS: ca.ServerTLS(id(ca.Server("global")), "global")})
	for name, c := range map[string]struct {
		id    *Identity
		taken bool
	}{
		"client":        {id(ca.Client("global")), true},
		"any server":    {id(ca.Server("mars")), true},
		"other region":  {id(ca.Client("mars")), false},
		"command line":  {id(ca.Issue(CertConfig{Names: []string{"cli.global.nomad"}})), false},
		"no identity":   {nil, false},
		"another CA's":  {id(other.Client("global")), false},
		"expired":       {id(ca.Issue(CertConfig{Names: []string{"client.global.nomad"}, NotAfter: time.Now().Add(-time.Minute)})), false},
		"not valid yet": {id(ca.Issue(CertConfig{Names: []string{"client.global.nomad"}, NotBefore: time.Now().Add(time.Hour)})), false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := greetTLS(t, s, ca.ClientTLS(c.id, "global")); (err == nil) != c.taken || isTimeout(err) {
				t.Errorf("taken: %v (%v), want %v", err == nil, err, c.taken)
			}
		})
	}
}

func TestACertificateIsTrustedByThePEMOfItsCAOnly(t *testing.T) {
	ca, other := must[*CA](t)(NewCA()), must[*CA](t)(NewCA())
	id := must[*Identity](t)(ca.Server("mars"))
	for _, c := range []struct {
		ca   *CA
		name string
		ok   bool
	}{{ca, "server.mars.nomad", true}, {ca, "localhost", true}, {ca, "server.global.nomad", false}, {other, "server.mars.nomad", false}} {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(c.ca.PEM()) {
			t.Fatal("no certificate in the PEM")
		}
		_, err := id.Certificate.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: c.name})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := tls.X509KeyPair(id.CertPEM, id.KeyPEM); err != nil {
		t.Error(err)
	}
}

func TestACertificateWithoutANameIsRefused(t *testing.T) {
	_, err := must[*CA](t)(NewCA()).Issue(CertConfig{})
	if e, ok := errors.AsType[*ConfigError](err); !ok || e.Field != "Names" {
		t.Errorf("%v", err)
	}
}
