package dns

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
)

// Config has the names to look up. Names or Services is needed; the zero value of
// everything else works.
type Config struct {
	// Names are host names whose addresses are servers: nomad.example.com, with a
	// port if it is not Port. A name that begins with an underscore, such as
	// _nomad-rpc._tcp.example.com, is one of Services. With a dot at its end a
	// name is complete: no search domain is tried.
	Names []string

	// Services are names with SRV records, whatever they look like:
	// nomad.service.consul. Ports come from the records.
	Services []string

	// Port is that of addresses whose name has none. Zero means 4647.
	Port int

	// Resolvers are the DNS servers to ask, as host, host:port or [IPv6]:port,
	// with 53 as the port of those without. None means those of the system.
	Resolvers []string

	// Timeout bounds one resolver's answer to one query, TCP included:
	// zero means 2 s. Attempts is how often each of Resolvers may be asked the same
	// before it counts as failed: zero means 2. For those of the system the system's
	// setting counts.
	Timeout  time.Duration
	Attempts int

	// Logger gets a warning for each name without a server while others have one, from a
	// goroutine of its own: one that blocks holds no discovery up, and what it does not take
	// is lost. The zero value logs nothing.
	Logger zerolog.Logger
}

// Bounds of a Config.
const (
	maxNames     = 64 // Names and Services together
	maxResolvers = 16
	maxAttempts  = 100
)

// dnsPort is where resolvers listen.
const dnsPort = "53"

// ConfigError names a field of a Config and what is wrong with it.
type ConfigError struct {
	Field  string
	Reason string // quotes the value
	Err    error  // the cause; may be nil
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("dns: Config.%s %s", printable.Name(e.Field), printable.Text(e.Reason))
}

func (e *ConfigError) Unwrap() error { return e.Err }

// question is a configured name, read.
type question struct {
	name string // as configured
	host string // to be asked for
	srv  bool
	port uint16 // of its addresses
}

// validate fills in the defaults and reads the names.
func (c *Config) validate() (questions []question, resolvers []string, err error) {
	switch {
	case len(c.Names)+len(c.Services) == 0:
		return nil, nil, &ConfigError{Field: "Names", Reason: "is empty and so is Services: give the name of a server"}
	case len(c.Names)+len(c.Services) > maxNames:
		return nil, nil, &ConfigError{Field: "Names", Reason: fmt.Sprintf("and Services have %d names: give %d at most", len(c.Names)+len(c.Services), maxNames)}
	case len(c.Resolvers) > maxResolvers:
		return nil, nil, &ConfigError{Field: "Resolvers", Reason: fmt.Sprintf("has %d addresses: give %d at most", len(c.Resolvers), maxResolvers)}
	case c.Port < 0 || c.Port > 65535:
		return nil, nil, &ConfigError{Field: "Port", Reason: fmt.Sprintf("is %d: give a port, or 0 for %s", c.Port, messages.DefaultPort)}
	case c.Timeout < 0:
		return nil, nil, &ConfigError{Field: "Timeout", Reason: fmt.Sprintf("is %v: give a positive duration, or 0 for 2s", c.Timeout)}
	case c.Attempts < 0 || c.Attempts > maxAttempts:
		return nil, nil, &ConfigError{Field: "Attempts", Reason: fmt.Sprintf("is %d: give 1 to %d, or 0 for 2", c.Attempts, maxAttempts)}
	}
	c.Timeout, c.Attempts = cmp.Or(c.Timeout, 2*time.Second), cmp.Or(c.Attempts, 2)
	port := messages.DefaultPort
	if c.Port != 0 {
		port = strconv.Itoa(c.Port)
	}
	for _, list := range []struct {
		field string
		names []string
	}{{"Names", c.Names}, {"Services", c.Services}} {
		for _, n := range list.names {
			q, err := read(n, list.field == "Services", port)
			if err != nil {
				return nil, nil, &ConfigError{Field: list.field, Reason: fmt.Sprintf("has %s: %s", printable.Quote(n, printable.MaxName), contain.Text(err)), Err: err}
			}
			questions = append(questions, q)
		}
	}
	for _, r := range c.Resolvers {
		host, port, _, err := split(r, dnsPort)
		if err != nil {
			return nil, nil, &ConfigError{Field: "Resolvers", Reason: fmt.Sprintf("has %s: %s", printable.Quote(r, printable.MaxName), contain.Text(err)), Err: err}
		}
		resolvers = append(resolvers, net.JoinHostPort(host, port))
	}
	return questions, resolvers, nil
}

// read parses one name.
func read(name string, srv bool, port string) (question, error) {
	host, port, given, err := split(name, port)
	if err != nil {
		return question{}, err
	}
	srv = srv || strings.HasPrefix(host, "_")
	if _, err := netip.ParseAddr(host); err == nil {
		return question{}, fmt.Errorf("it is an IP address, which is no question for DNS: give it to the proxy as a server")
	}
	if srv && given {
		return question{}, fmt.Errorf("it has a port, and those of a service are in its SRV records: leave it out")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return question{name: name, host: host, srv: srv, port: uint16(n)}, err
}

// split cuts an address into host and port, which is fallback if none is given.
// A dot at the host's end stays. The error is a *messages.AddrError.
func split(s, fallback string) (host, port string, given bool, err error) {
	server, err := messages.ParseServer(s)
	if err != nil {
		return "", "", false, err
	}
	host, port, err = net.SplitHostPort(server.Addr)
	if err != nil {
		return "", "", false, err
	}
	_, bare := netip.ParseAddr(s)
	given = bare != nil && strings.Contains(s[strings.LastIndexByte(s, ']')+1:], ":")
	if !given {
		port = fallback
	}
	return host, port, given, nil
}
