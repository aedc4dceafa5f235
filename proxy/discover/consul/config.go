package consul

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Config has the address of Consul and the service to look for. The zero value works: it is
// the agent on this machine, or the one in Consul's environment variables, and the service
// under which Nomad's servers register themselves.
type Config struct {
	// Disabled switches discovery through Consul off: Consul is never asked, and the rest
	// of the Config is ignored.
	Disabled bool

	// Address is Consul's HTTP API: host:port, a URL of the scheme http or https
	// with or without a path in front of the API's own, or unix:// and the path of
	// a socket. Empty means CONSUL_HTTP_ADDR, and else localhost:8500. HTTP_PROXY
	// and its like count, except towards this machine.
	Address string

	// Scheme is "http" or "https". Empty means that of Address; https where a field
	// below asks for TLS, or CONSUL_HTTP_SSL does; and else http.
	Scheme string

	// CAFile holds the authorities of Consul's certificate. Empty means
	// CONSUL_CACERT or CONSUL_CAPATH, and else those of the system. CertFile and
	// KeyFile are this side's certificate; empty means CONSUL_CLIENT_CERT and
	// CONSUL_CLIENT_KEY. ServerName is the name in Consul's certificate; empty
	// means CONSUL_TLS_SERVER_NAME, and else the host of Address. The files are read
	// for each walk. CONSUL_HTTP_SSL_VERIFY=false accepts any certificate.
	CAFile, CertFile, KeyFile, ServerName string

	// TokenFile holds the ACL token; it is read for each walk. Token is the token
	// itself. The file counts before the token, and both before
	// CONSUL_HTTP_TOKEN_FILE and CONSUL_HTTP_TOKEN. Without any the agent's default
	// token counts.
	Token, TokenFile string

	// Namespace and Partition are where the servers are registered, for Consul
	// Enterprise. Empty means CONSUL_NAMESPACE and CONSUL_PARTITION.
	Namespace, Partition string

	// Datacenter is the one to ask first, whether or not Consul lists it. Empty
	// means the first that Consul lists: the agent's own.
	Datacenter string

	// Service is the name the servers are registered under: empty means "nomad".
	// Tag narrows it: empty means "rpc".
	Service, Tag string

	// RequestTimeout bounds each request, from dialing to the end of the answer:
	// zero means 3 s. The walk as a whole is bounded by its context.
	RequestTimeout time.Duration

	// Logger gets a warning when Consul lists servers in a critical state only, from a
	// goroutine of its own: one that blocks holds no discovery up, and what it does not take
	// is lost. The zero value logs nothing.
	Logger zerolog.Logger

	// Seed makes the order of the datacenters repeatable, for tests. Zero means an
	// order of its own for each walk.
	Seed uint64
}

// ConfigError names a field of a Config, or an environment variable, and what is
// wrong with it. No token is ever part of it.
type ConfigError struct {
	Field  string // of Config, or the variable's name
	Reason string // quotes the value, unless that is secret
	Err    error  // the cause; may be nil
}

func (e *ConfigError) Error() string {
	if strings.HasPrefix(e.Field, "CONSUL_") {
		return fmt.Sprintf("consul: %s %s", printable.Name(e.Field), printable.Text(e.Reason))
	}
	return fmt.Sprintf("consul: Config.%s %s", printable.Name(e.Field), printable.Text(e.Reason))
}

func (e *ConfigError) Unwrap() error { return e.Err }

// validate checks the fields, and fills in the defaults that do not depend on the
// environment.
func (c *Config) validate() error {
	c.Service, c.Tag = cmp.Or(c.Service, "nomad"), cmp.Or(c.Tag, "rpc")
	switch {
	case c.Scheme != "" && c.Scheme != "http" && c.Scheme != "https":
		return &ConfigError{Field: "Scheme", Reason: "is " + quote(c.Scheme) + ": give http or https, or nothing for what Address says"}
	case c.Scheme == "http" && c.secured():
		return &ConfigError{Field: "Scheme", Reason: `is "http", and the fields for TLS would not count: give https or nothing`}
	case strings.ContainsAny(c.Service, "/\\") || !plain(c.Service) || c.Service == "." || c.Service == "..":
		return &ConfigError{Field: "Service", Reason: "is " + quote(c.Service) + ": give the name of a service, such as nomad"}
	case !plain(c.Tag):
		return &ConfigError{Field: "Tag", Reason: "is " + quote(c.Tag) + ": give the tag of a service, such as rpc"}
	case c.Datacenter != "" && !named(c.Datacenter):
		return &ConfigError{Field: "Datacenter", Reason: "is " + quote(c.Datacenter) + ": give the name of a datacenter, such as dc1"}
	case c.RequestTimeout < 0:
		return &ConfigError{Field: "RequestTimeout", Reason: fmt.Sprintf("is %v: give a positive duration, or 0 for %v", c.RequestTimeout, defaultTimeout)}
	case !plain(c.Token):
		return &ConfigError{Field: "Token", Reason: "holds a character that no token has: give it as it was issued"}
	}
	c.RequestTimeout = cmp.Or(c.RequestTimeout, defaultTimeout)
	return nil
}

const defaultTimeout = 3 * time.Second

// secured reports whether the Config itself asks for TLS.
func (c *Config) secured() bool {
	return c.CAFile != "" || c.CertFile != "" || c.KeyFile != "" || c.ServerName != ""
}

// plain reports whether s fits into a header and a URL as it is.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}

// named reports whether s can be the name of a datacenter.
func named(s string) bool { return s != "" && len(s) <= maxName && plain(s) }

// maxName bounds the name of a datacenter, in bytes: those of Consul are labels of
// its DNS interface.
const maxName = 255
