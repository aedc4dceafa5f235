package consul

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// place is where Consul's HTTP API is.
type place struct {
	host   string // host:port; "localhost" for a socket
	prefix string // path in front of the API's own, without a slash at its end
	socket string // path of a unix socket, or empty
	secure bool   // the address itself asks for TLS
}

// locate parses an address, which is the value of field.
func locate(address, field string) (place, error) {
	refuse := func(shown, reason string) (place, error) {
		return place{}, &ConfigError{Field: field, Reason: fmt.Sprintf(
			"is %s: %s; give host:port, a URL, or unix:// and a path", quote(printable.WithoutSecrets(shown)), reason)}
	}
	scheme, rest, given := strings.Cut(address, "://")
	if !given {
		scheme, rest = "http", address
	}
	switch scheme {
	case "http", "https":
	case "unix":
		if rest == "" {
			return refuse(address, "the path of the socket is missing")
		}
		return place{host: "localhost", socket: rest}, nil
	default:
		return refuse(address, "its scheme is not known")
	}
	u, err := url.Parse("http://" + rest)
	if err != nil {
		shown, _, secret := strings.Cut(address, "@") // a password may be before it
		if secret {
			shown = "..."
		}
		return refuse(shown, "it is no address")
	}
	switch {
	case u.User != nil:
		return refuse(u.Redacted(), "it has a user, which CONSUL_HTTP_AUTH is for")
	case u.Hostname() == "":
		return refuse(address, "the host is missing")
	case u.RawQuery != "" || u.Fragment != "":
		return refuse(address, "it has more than a path")
	case !given && u.Path != "":
		return refuse(address, "it has a path and no scheme")
	case !given && u.Port() == "":
		return refuse(address, "the port is missing (Consul's is 8500)")
	case u.Port() != "" && !realPort(u.Port()):
		return refuse(address, "its port is not in 1 to 65535")
	}
	return place{host: u.Host, prefix: strings.TrimRight(u.Path, "/"), secure: scheme == "https"}, nil
}

// realPort reports whether digits are a port.
func realPort(digits string) bool {
	n, err := strconv.ParseUint(digits, 10, 16)
	return err == nil && n > 0
}
