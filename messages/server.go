package messages

import "strings"

// DefaultPort is the RPC port of a server whose address names none.
const DefaultPort = "4647"

// Server is the RPC endpoint of one server. It is a comparable value; two
// Servers with the same [Server.Key] are the same server.
type Server struct {
	Name string // as given
	Addr string // normalised host:port; the host may be a name
}

// Key is Addr without the dot at the end of an absolute name: nomad.example.:4647 and
// nomad.example:4647 are listed once, under the name that came first.
func (s Server) Key() string {
	host, port, absolute := strings.Cut(s.Addr, ".:")
	if !absolute {
		return s.Addr
	}
	return host + ":" + port
}

// String is the address.
func (s Server) String() string { return s.Addr }
