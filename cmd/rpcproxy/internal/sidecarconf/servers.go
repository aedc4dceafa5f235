package sidecarconf

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover"
	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
)

// watch is how often the files for TLS towards servers are read again.
const watch = 10 * time.Second

// ServersTLS is how to speak to servers; nil is plain TCP. Its files are read by the pool.
func (c *Config) ServersTLS() *pool.TLSConfig {
	if c.TLS.CAFile == "" {
		return nil
	}
	return &pool.TLSConfig{
		CAFile: c.TLS.CAFile, CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile,
		ServerName: c.TLS.ServerName, VerifyServerName: new(c.TLS.VerifyServerName),
		MinVersion: c.TLS.MinVersion, CipherSuites: c.TLS.CipherSuites, Watch: watch,
	}
}

// Proxy is the configuration of the proxy. The error is about a discoverer.
func (c *Config) Proxy(log zerolog.Logger) (proxy.Config, error) {
	cfg := proxy.Config{
		Servers: c.Servers, Strict: true, Region: c.Region,
		Datacenter: c.Datacenter, PreferDatacenter: c.Datacenter != "",
		StateFile: c.StateFile, Pool: pool.Config{TLS: c.ServersTLS(), Logger: log}, Logger: log,
	}
	var links []discover.Link
	if len(c.DNS.Names)+len(c.DNS.Services) > 0 {
		finder, err := dns.New(dns.Config{
			Names: c.DNS.Names, Services: c.DNS.Services, Port: c.DNS.Port, Resolvers: c.DNS.Resolvers, Logger: log,
		})
		if err != nil {
			return cfg, Errors{c.bad("discover.dns.names", "cannot be used", err.Error(), err)}
		}
		links = append(links, discover.Link{From: finder})
	}
	if c.Consul.Enabled {
		finder, err := consul.New(consul.Config{
			Address: c.Consul.Address, TokenFile: c.Consul.TokenFile,
			CAFile: c.Consul.CAFile, CertFile: c.Consul.CertFile, KeyFile: c.Consul.KeyFile, ServerName: c.Consul.ServerName,
			Datacenter: c.Consul.Datacenter, Service: c.Consul.Service, Tag: c.Consul.Tag, Logger: log,
		})
		if err != nil {
			return cfg, Errors{c.bad("discover.consul.enabled", "cannot be used", err.Error(), err)}
		}
		links = append(links, discover.Link{From: finder})
	}
	if len(links) == 0 {
		return cfg, nil
	}
	chain, err := discover.NewChain(links...)
	if err != nil {
		return cfg, err
	}
	cfg.Discoverer = chain
	return cfg, nil
}
