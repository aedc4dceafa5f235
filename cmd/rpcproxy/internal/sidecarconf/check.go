package sidecarconf

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/sidecar/admit"
)

// Bounds of numbers.
const (
	maxMaxConns = 1 << 16
	maxDrain    = time.Hour
)

// check looks at settings that depend on each other, and at what they may be.
func (c *Config) check() (errs Errors) {
	wrong := func(is bool, key, reason, advice string) {
		if is {
			errs = append(errs, c.bad(key, reason, advice, nil))
		}
	}
	wrong(c.MaxConns < 1 || c.MaxConns > maxMaxConns, "max_conns", fmt.Sprintf("is %d", c.MaxConns), fmt.Sprintf("give a number from 1 to %d", maxMaxConns))
	wrong(c.DrainTimeout < 0 || c.DrainTimeout > maxDrain, "drain_timeout", fmt.Sprintf("is %v", c.DrainTimeout), fmt.Sprintf("give a duration up to %v", maxDrain))
	wrong(c.DNS.Port < 1 || c.DNS.Port > 65535, "discover.dns.port", fmt.Sprintf("is %d", c.DNS.Port), "give a number from 1 to 65535")

	wrong(c.TLS.CAFile == "" && c.TLS.CertFile+c.TLS.KeyFile+c.TLS.ServerName != "", "tls.ca_file", "is missing", "the other settings of TLS towards servers need it")
	wrong(c.TLS.CertFile == "" && c.TLS.KeyFile != "", "tls.cert_file", "is missing", "tls.key_file is the key of one")
	wrong(c.TLS.CertFile != "" && c.TLS.KeyFile == "", "tls.key_file", "is missing", "tls.cert_file needs its key")
	wrong(c.Agents.CertFile == "" && c.Agents.KeyFile+c.Agents.ClientCAFile != "", "agents.cert_file", "is missing", "the other settings of TLS towards agents need it")
	wrong(c.Agents.CertFile != "" && c.Agents.KeyFile == "", "agents.key_file", "is missing", "agents.cert_file needs its key")

	dns := len(c.DNS.Names)+len(c.DNS.Services) > 0
	wrong(!dns && len(c.DNS.Resolvers) > 0, "discover.dns.resolvers", "is given, and there is nothing to look for", "give discover.dns.names or discover.dns.services")
	wrong(len(c.Servers) == 0 && !dns && !c.Consul.Enabled, "servers", "is empty, and nowhere is looked for any", "give at least one address, or discover.dns.names, or discover.consul.enabled")
	if !c.Consul.Enabled {
		for _, s := range settings {
			if g, found := c.given[s.key]; found && len(s.key) > len("discover.consul.") && s.key[:len("discover.consul.")] == "discover.consul." && s.key != "discover.consul.enabled" {
				errs = append(errs, g.bad("is given, and Consul is not asked", "set discover.consul.enabled, or --consul, too", nil))
			}
		}
	}
	errs = append(errs, c.checkAddresses()...)
	return append(errs, c.checkStatus()...)
}

// checkAddresses looks at where agents come to.
func (c *Config) checkAddresses() (errs Errors) {
	if len(c.Listen) == 0 {
		return Errors{c.bad("listen", "is empty", "give at least one address, such as 127.0.0.1:4746", nil)}
	}
	own := map[string]bool{}
	for _, addr := range c.Listen {
		if err := c.CheckListen(addr); err != nil {
			errs = append(errs, err)
			continue
		}
		own[addr] = true
		if host, _, err := net.SplitHostPort(addr); err == nil && c.Advertise == "" && unspecified(host) {
			errs = append(errs, c.bad("advertise", "is missing, and "+addr+" is all addresses of this machine", "give the one that agents are to use", nil))
		}
	}
	if c.Advertise != "" {
		own[c.Advertise] = true
		host, port, err := net.SplitHostPort(c.Advertise)
		if err != nil || host == "" || port == "" || unspecified(host) {
			errs = append(errs, c.bad("advertise", fmt.Sprintf("is %q", c.Advertise), "give an address and a port that agents can connect to, such as 127.0.0.1:4746", nil))
		}
	}
	for _, text := range c.Servers {
		if s, err := messages.ParseServer(text); err == nil && own[s.Addr] {
			errs = append(errs, c.bad("servers", fmt.Sprintf("has %q, which is this sidecar itself", text), "give the addresses of the cluster's servers", nil))
		}
	}
	return errs
}

func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// CheckListen checks an address to listen on, one of Listen or one that came with the process.
func (c *Config) CheckListen(addr string) *Error {
	p := c.Policy(nil)
	if c.Agents.CertFile != "" { // what they hold is looked at when they are read
		p.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		if c.Agents.ClientCAFile != "" {
			p.TLS.ClientAuth, p.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		}
	}
	err := admit.CheckListen(addr, p)
	if err == nil {
		return nil
	}
	refused, _ := err.(*admit.ListenError) //nolint:errorlint // it is always one
	return c.bad("listen", fmt.Sprintf("has %q: %s", addr, refused.Reason), refused.Advice, err)
}

// Policy says who may connect; agents is what the sidecar speaks to them, nil is plain TCP.
func (c *Config) Policy(agents *tls.Config) admit.Policy {
	return admit.Policy{
		AllowUIDs: c.AllowUIDs, AllowAnyLocalUser: c.AllowAnyLocalUser, AllowRemote: c.AllowRemote, TLS: agents,
	}
}
