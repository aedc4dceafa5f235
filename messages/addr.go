package messages

// ParseServer reads a server's address. (interim)
func ParseServer(s string) (Server, error) { return Server{Name: s, Addr: s}, nil }
