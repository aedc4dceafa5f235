package messages

// DefaultPort is the RPC port of a server whose address names none.
const DefaultPort = "4647"

// Server is the RPC endpoint of one server. It is a comparable value; two
// Servers with the same Addr are the same server.
type Server struct {
	Name string // as given
	Addr string // normalised host:port, the key; the host may be a name
}

// String is the address.
func (s Server) String() string { return s.Addr }
