package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// credentials are what both sides of a scenario with TLS have.
type credentials struct {
	ca, server *authority
	target     target // with what the agent has
}

// newCredentials makes them, and starts the good server.
func newCredentials() (*credentials, error) {
	ca, err := issue(nil, nil, signs("an authority"))
	if err != nil {
		return nil, err
	}
	server, err := issue(ca, nil, nil)
	if err != nil {
		return nil, err
	}
	client, err := issue(ca, nil, func(c *x509.Certificate) { c.DNSNames = []string{"client.global.nomad", "localhost"} })
	if err != nil {
		return nil, err
	}
	key, err := client.keyPEM()
	if err != nil {
		return nil, err
	}
	c := &credentials{ca: ca, server: server, target: target{CA: ca.pem(), Cert: client.pem(), Key: key}}
	s, err := testutil.StartServer(testutil.ServerConfig{TLS: c.config()})
	if err != nil {
		return nil, err
	}
	c.target.Good = s.Addr() // it ends with the attacker's process
	return c, nil
}

// config is that of a good server.
func (c *credentials) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c.server.shown()},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: c.ca.trusts(),
	}
}

// overTLS is an attack that has each connection behind the byte that announces TLS.
func overTLS(prepare func(*stage, *credentials) (func(net.Conn), error)) attack {
	return func(s *stage) (target, error) {
		c, err := newCredentials()
		if err != nil {
			return target{}, err
		}
		serve, err := prepare(s, c)
		if err != nil {
			return target{}, err
		}
		at, err := s.listen(func(conn net.Conn) {
			var mode [1]byte
			if _, err := io.ReadFull(conn, mode[:]); err == nil && mode[0] == 4 {
				serve(conn)
			}
		})
		c.target.Addr = at.Addr
		return c.target, err
	}
}

// inPlace is an attack in place of a handshake.
func inPlace(serve func(*stage, net.Conn)) attack {
	return overTLS(func(s *stage, _ *credentials) (func(net.Conn), error) {
		return func(conn net.Conn) { serve(s, conn) }, nil
	})
}

// helloed is inPlace after the agent has spoken.
func helloed(serve func(*stage, net.Conn)) attack {
	return inPlace(func(s *stage, conn net.Conn) {
		if _, err := conn.Read(make([]byte, 16<<10)); err == nil {
			serve(s, conn)
		}
	})
}

// answersWith is helloed with some bytes, after which the connection stays.
func answersWith(b ...[]byte) attack {
	return helloed(func(s *stage, conn net.Conn) {
		if write(conn, b...) {
			s.hold()
		}
	})
}

// record is one of the TLS protocol.
func record(kind byte, version uint16, body []byte) []byte {
	return join([]byte{kind, byte(version >> 8), byte(version), byte(len(body) >> 8), byte(len(body))}, body)
}

// shaking is a good handshake whose bytes a filter changes on their way to the agent,
// and a good server behind it.
func shaking(edit func(*credentials, *tls.Config) error, through func(*stage, net.Conn) net.Conn) attack {
	return overTLS(func(s *stage, c *credentials) (func(net.Conn), error) {
		cfg := c.config()
		if edit != nil {
			if err := edit(c, cfg); err != nil {
				return nil, err
			}
		}
		return func(conn net.Conn) {
			if through != nil {
				conn = through(s, conn)
			}
			secure := tls.Server(conn, cfg)
			if secure.HandshakeContext(s.ctx) == nil {
				script{}.serve(s, secure)
			}
			s.pause(afterwards) // the alert is to arrive
		}, nil
	})
}

// shows is shaking with another certificate.
func shows(make func(c *credentials) (tls.Certificate, error)) attack {
	return shaking(func(c *credentials, cfg *tls.Config) error {
		cert, err := make(c)
		cfg.Certificates = []tls.Certificate{cert}
		return err
	}, nil)
}

// wears is shows with a certificate that the trusted authority signed, as edit changes it.
func wears(edit func(*x509.Certificate)) attack {
	return shows(func(c *credentials) (tls.Certificate, error) {
		cert, err := issue(c.ca, nil, edit)
		if err != nil {
			return tls.Certificate{}, err
		}
		return cert.shown(), nil
	})
}

// afterHandshake does something on a connection whose handshake was good.
func afterHandshake(version uint16, do func(*stage, *tls.Conn)) attack {
	return overTLS(func(s *stage, c *credentials) (func(net.Conn), error) {
		cfg := c.config()
		cfg.MaxVersion = version
		return func(conn net.Conn) {
			secure := tls.Server(conn, cfg)
			if secure.HandshakeContext(s.ctx) == nil {
				do(s, secure)
			}
		}, nil
	})
}

// secured is an agent that speaks TLS.
func secured(t target) (*agent, error) {
	a, err := start(proxy.Config{Servers: []string{t.Addr}, Pool: pool.Config{
		Handlers: handlers(), TLS: &pool.TLSConfig{CAPEM: t.CA, CertPEM: t.Cert, KeyPEM: t.Key},
	}})
	if err != nil {
		return nil, err
	}
	a.add(4, calling{})
	a.busy = append(a.busy, a.rotates(t, 300*time.Millisecond))
	return a, nil
}

// restless is secured, and changes its credentials without a pause.
func restless(t target) (*agent, error) {
	a, err := secured(t)
	if err != nil {
		return nil, err
	}
	a.busy = append(a.busy, a.rotates(t, 5*time.Millisecond))
	return a, nil
}

// rotates changes the credentials now and then, to the same.
func (a *agent) rotates(t target, every time.Duration) func(context.Context) {
	return func(ctx context.Context) {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				a.note(a.proxy.SetTLS(ctx, &pool.TLSConfig{CAPEM: t.CA, CertPEM: t.Cert, KeyPEM: t.Key}))
			}
		}
	}
}
