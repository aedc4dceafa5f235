package admit

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Policy says who may connect. The zero value admits root and the user of this process, on
// loopback.
type Policy struct {
	// AllowUIDs are users who may connect besides root and the one of this process.
	AllowUIDs []uint32

	// AllowAnyLocalUser admits every user of this machine. Each of them can do with the
	// cluster what the sidecar's client certificate allows.
	AllowAnyLocalUser bool

	// AllowRemote permits to listen on addresses that other machines reach. It takes TLS
	// with client certificates.
	AllowRemote bool

	// TLS is what the sidecar speaks to those who connect; nil is plain TCP. Where it asks
	// for client certificates they say who may connect, and nobody's uid is looked up. It
	// is not changed.
	TLS *tls.Config
}

// verifies reports whether whoever connects must show a certificate of an authority that
// was named.
func verifies(cfg *tls.Config) bool {
	return cfg != nil && cfg.ClientAuth == tls.RequireAndVerifyClientCert && cfg.ClientCAs != nil
}

// The names of the settings in errors. A program whose flags have other names says so in its
// own words.
const (
	allowRemote = "allow_remote"
	allowAny    = "allow_any_local_user"
)

// ListenError reports an address on which a sidecar must not listen.
type ListenError struct {
	Addr   string // as it was given
	Reason string // what is wrong
	Advice string // what to do
}

func (e *ListenError) Error() string {
	return fmt.Sprintf("admit: listening on %s: %s: %s", printable.Quote(e.Addr, printable.MaxName), printable.Text(e.Reason), printable.Text(e.Advice))
}

// CheckListen checks an address to listen on, as host:port: an IP address of loopback, or
// "localhost", or any other address where p allows it. It neither resolves nor listens. The
// error is a *ListenError.
func CheckListen(addr string, p Policy) error {
	refuse := func(reason, advice string) error {
		return &ListenError{Addr: addr, Reason: reason, Advice: advice}
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return refuse("it is no address with a port", "give one such as 127.0.0.1:4746")
	}
	ip, err := netip.ParseAddr(host)
	if err != nil && host != "" && host != "localhost" {
		return refuse("its host is a name, which may lead anywhere", "give an IP address, such as 127.0.0.1")
	}
	local := host == "localhost" || ip.Unmap().IsLoopback()
	switch {
	case local && (ownersKnown || p.AllowAnyLocalUser || verifies(p.TLS)):
		return nil
	case local:
		return refuse("this system does not say which user a connection is of, so every user could act as this node",
			"set up TLS with client certificates for agents, or accept it with "+allowAny)
	case !p.AllowRemote:
		return refuse("other machines can reach it", "give a loopback address, such as 127.0.0.1:4746, or "+allowRemote+" and TLS with client certificates for agents")
	case p.TLS == nil:
		return refuse("other machines can reach it, and there is no TLS for agents", "give a certificate and key to show to agents, and the authority of theirs")
	case !verifies(p.TLS):
		return refuse("other machines can reach it, and TLS for agents does not ask for their certificates", "give the authority of the agents' certificates")
	}
	return nil
}
