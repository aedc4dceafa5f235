package admit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
)

func TestASidecarListensOnLoopbackOrWithClientCertificates(t *testing.T) {
	mutual := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	remote := Policy{AllowRemote: true}
	for _, c := range []struct {
		addr string
		p    Policy
		says string // empty: it may
	}{
		{"127.0.0.1:4746", Policy{AllowAnyLocalUser: true}, ""},
		{"127.255.0.1:0", Policy{AllowAnyLocalUser: true}, ""},
		{"[::1]:4746", Policy{AllowAnyLocalUser: true}, ""},
		{"[::ffff:127.0.0.1]:4746", Policy{AllowAnyLocalUser: true}, ""},
		{"localhost:4746", Policy{AllowAnyLocalUser: true}, ""},
		{"127.0.0.1:4746", Policy{TLS: mutual}, ""},
		{"0.0.0.0:4746", Policy{AllowRemote: true, TLS: mutual}, ""},
		{"[2001:db8::1]:4746", Policy{AllowRemote: true, TLS: mutual}, ""},

		{"0.0.0.0:4746", Policy{TLS: mutual, AllowAnyLocalUser: true}, "other machines can reach it: give a loopback address"},
		{":4746", Policy{}, "other machines can reach it: give a loopback address"},
		{"10.0.0.1:4746", Policy{}, "allow_remote"},
		{"[fe80::1%eth0]:4746", Policy{}, "allow_remote"},
		{"[::ffff:10.0.0.1]:4746", Policy{}, "allow_remote"},
		{"10.0.0.1:4746", remote, "there is no TLS for agents: give a certificate and key"},
		{"10.0.0.1:4746", Policy{AllowRemote: true, TLS: &tls.Config{}}, "does not ask for their certificates: give the authority"},
		{"10.0.0.1:4746", Policy{AllowRemote: true, TLS: &tls.Config{ClientAuth: tls.RequireAnyClientCert, ClientCAs: x509.NewCertPool()}}, "does not ask"},
		{"10.0.0.1:4746", Policy{AllowRemote: true, TLS: &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: x509.NewCertPool()}}, "does not ask"},
		{"10.0.0.1:4746", Policy{AllowRemote: true, TLS: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}}, "does not ask"},
		{"nomad.example.com:4746", Policy{AllowRemote: true, TLS: mutual}, "may lead anywhere: give an IP address"},
		{"127.0.0.1", Policy{}, "no address with a port"},
		{"127.0.0.1:", Policy{}, "no address with a port"},
		{"::1", Policy{}, "no address with a port"},
		{"", Policy{}, "no address with a port"},
	} {
		err := CheckListen(c.addr, c.p)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s, %+v: %v", c.addr, c.p, err)
			}
			continue
		}
		refused, ok := errors.AsType[*ListenError](err)
		if !ok || refused.Addr != c.addr || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, %+v: %v, want %q", c.addr, c.p, err, c.says)
		}
	}
	err := CheckListen("127.0.0.1:4746", Policy{})
	if known := err == nil; known != ownersKnown {
		t.Errorf("loopback, where owners are known: %t: %v", ownersKnown, err)
	}
}
