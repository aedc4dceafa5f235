package sidecarconf

import (
	"strings"

	"github.com/rs/zerolog"
)

// setting is one row of the table.
type setting struct {
	key   string            // in the file; block and name with a dot between
	flag  string            // without dashes
	env   string            // Nomad's name for it; empty: that of the flag, with envPrefix
	live  bool              // it can be changed while the program runs
	field func(*Config) any // a pointer to what it sets; its type says how it is read
	usage string
}

// Types of fields that are read in ways of their own.
type (
	users    []uint32
	level    zerolog.Level
	format   string
	version  uint16
	suites   []uint16
	listings []string // addresses of servers
)

const envPrefix = "RPCPROXY_"

// variable is the setting's name in the environment.
func (s *setting) variable() string {
	if s.env != "" {
		return s.env
	}
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.flag, "-", "_"))
}

// settings is the table. A flag that another command has too has the same name here.
var settings = []setting{
	{"listen", "listen", "", false, func(c *Config) any { return &c.Listen }, "addresses to listen on for agents, as host:port; systemd's sockets take their place"},
	{"advertise", "advertise", "", false, func(c *Config) any { return &c.Advertise }, "address that agents are told to use, as host:port (default the one they connected to)"},
	{"servers", "servers", "", true, func(c *Config) any { return (*listings)(&c.Servers) }, "servers, as host, host:port or [IPv6]:port; without a port it is 4647"},
	{"region", "region", "NOMAD_REGION", false, func(c *Config) any { return &c.Region }, "region of the servers"},
	{"datacenter", "datacenter", "", false, func(c *Config) any { return &c.Datacenter }, "prefer servers of this datacenter"},

	{"tls.ca_file", "ca", "NOMAD_CACERT", true, func(c *Config) any { return &c.TLS.CAFile }, "speak TLS to servers: file with the CA of their certificates"},
	{"tls.cert_file", "cert", "NOMAD_CLIENT_CERT", true, func(c *Config) any { return &c.TLS.CertFile }, "file with the certificate to show to servers"},
	{"tls.key_file", "key", "NOMAD_CLIENT_KEY", true, func(c *Config) any { return &c.TLS.KeyFile }, "file with the key of --cert"},
	{"tls.server_name", "tls-server-name", "NOMAD_TLS_SERVER_NAME", true, func(c *Config) any { return &c.TLS.ServerName }, "name in the servers' certificates, in place of server.REGION.nomad"},
	{"tls.verify_server_hostname", "verify-server-hostname", "", true, func(c *Config) any { return &c.TLS.VerifyServerName }, "require that name; if false any certificate of the CA will do"},
	{"tls.tls_min_version", "tls-min-version", "", true, func(c *Config) any { return (*version)(&c.TLS.MinVersion) }, "oldest TLS to speak to servers, 1.2 or 1.3 (default 1.2)"},
	{"tls.tls_cipher_suites", "tls-cipher-suites", "", true, func(c *Config) any { return (*suites)(&c.TLS.CipherSuites) }, "cipher suites for TLS 1.2, with commas between (default those of Go)"},

	{"agents.cert_file", "agent-cert", "", true, func(c *Config) any { return &c.Agents.CertFile }, "speak TLS to agents: file with the certificate to show to them"},
	{"agents.key_file", "agent-key", "", true, func(c *Config) any { return &c.Agents.KeyFile }, "file with the key of --agent-cert"},
	{"agents.client_ca_file", "agent-ca", "", true, func(c *Config) any { return &c.Agents.ClientCAFile }, "require a certificate of agents: file with the CA of these"},
	{"agents.allow_uid", "allow-uid", "", true, func(c *Config) any { return (*users)(&c.AllowUIDs) }, "users who may connect besides root and the one of this process, as names or numbers"},
	{"agents.allow_any_local_user", "allow-any-local-user", "", true, func(c *Config) any { return &c.AllowAnyLocalUser }, "let every user of this machine connect, and act with the certificate of --cert"},
	{"agents.allow_remote", "allow-remote", "", false, func(c *Config) any { return &c.AllowRemote }, "permit to listen on addresses that other machines reach; needs --agent-cert and --agent-ca"},

	{"discover.dns.names", "dns-names", "", false, func(c *Config) any { return &c.DNS.Names }, "look for servers in DNS: names with their addresses, or with SRV records if they begin with an underscore"},
	{"discover.dns.services", "dns-services", "", false, func(c *Config) any { return &c.DNS.Services }, "names with SRV records, with or without an underscore"},
	{"discover.dns.resolvers", "dns-resolvers", "", false, func(c *Config) any { return &c.DNS.Resolvers }, "DNS servers to ask, in place of the system's"},
	{"discover.dns.port", "dns-port", "", false, func(c *Config) any { return &c.DNS.Port }, "port of the names without one"},

	{"discover.consul.enabled", "consul", "", false, func(c *Config) any { return &c.Consul.Enabled }, "look for servers in Consul's catalogue; what has no flag is as in Consul's own variables"},
	{"discover.consul.address", "consul-address", "", false, func(c *Config) any { return &c.Consul.Address }, "Consul's HTTP API: host:port, a URL, or unix:// and a path"},
	{"discover.consul.token_file", "consul-token-file", "", false, func(c *Config) any { return &c.Consul.TokenFile }, "file with the ACL token for Consul"},
	{"discover.consul.ca_file", "consul-ca", "", false, func(c *Config) any { return &c.Consul.CAFile }, "file with the CA of Consul's certificate"},
	{"discover.consul.cert_file", "consul-cert", "", false, func(c *Config) any { return &c.Consul.CertFile }, "file with the certificate to show to Consul"},
	{"discover.consul.key_file", "consul-key", "", false, func(c *Config) any { return &c.Consul.KeyFile }, "file with the key of --consul-cert"},
	{"discover.consul.server_name", "consul-tls-server-name", "", false, func(c *Config) any { return &c.Consul.ServerName }, "name in Consul's certificate"},
	{"discover.consul.datacenter", "consul-datacenter", "", false, func(c *Config) any { return &c.Consul.Datacenter }, "Consul's datacenter to ask first"},
	{"discover.consul.service", "consul-service", "", false, func(c *Config) any { return &c.Consul.Service }, "the name that servers are registered under"},
	{"discover.consul.tag", "consul-tag", "", false, func(c *Config) any { return &c.Consul.Tag }, "the tag they have"},

	{"state_file", "state-file", "", false, func(c *Config) any { return &c.StateFile }, "file that keeps the servers that work over a restart"},
	{"drain_timeout", "drain-timeout", "", false, func(c *Config) any { return &c.DrainTimeout }, "how long what is under way may take at the end"},
	{"max_conns", "max-conns", "", false, func(c *Config) any { return &c.MaxConns }, "connections of agents at once"},
	{"status", "status", "", false, func(c *Config) any { return &c.Status }, "show the sidecar over HTTP: page, health check, archive for reports; a loopback address as host:port, or unix: and a path"},
	{"log_level", "log-level", "", true, func(c *Config) any { return (*level)(&c.LogLevel) }, "least level of the log: debug, info, warn or error"},
	{"log_format", "log-format", "", false, func(c *Config) any { return (*format)(&c.LogFormat) }, "form of the log: json or text"},
}

// settingOf is the setting with a key.
func settingOf(key string) *setting {
	for i := range settings {
		if settings[i].key == key {
			return &settings[i]
		}
	}
	panic("no setting " + key) // the callers' keys are literals
}
