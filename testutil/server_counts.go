package testutil

// Counts is what a server saw since it was started, restarts included.
type Counts struct {
	Accepted int64            // connections accepted, also those refused for being too many
	Open     int64            // connections open now
	Peak     int64            // the most connections that were open at once
	Streams  int64            // streams opened by clients
	Requests int64            // requests read, also unknown ones and those that met a fault
	Methods  map[string]int64 // requests per known method that was called
}

// Counts returns what the server saw. It waits for nobody, so the numbers need
// not be of the same moment.
func (s *Server) Counts() Counts {
	c := Counts{
		Accepted: s.tally.accepted.Load(),
		Open:     s.tally.conns.now.Load(),
		Peak:     s.tally.conns.peak.Load(),
		Streams:  s.tally.streams.Load(),
		Requests: s.tally.requests.Load(),
		Methods:  map[string]int64{},
	}
	for name, m := range *s.table.Load() {
		if n := m.calls.Load(); n > 0 {
			c.Methods[name] = n
		}
	}
	return c
}
