package consultest

import "net/url"

// Request is a request that a [Server] had.
type Request struct {
	Method     string
	Path       string     // without parameters
	Query      url.Values // the parameters; not to be changed
	Datacenter string     // the one asked for, also by leaving it out
	Token      string     // as sent; empty: none
	Host       string     // as sent
}

// requestLog is the requests so far. It is never changed: a new one replaces it.
type requestLog struct {
	total int
	last  []Request
}

// maxRequests bounds the requests that are remembered.
const maxRequests = 1024

// note remembers a request.
func (s *Server) note(r Request) {
	replace(&s.log, func(old *requestLog) *requestLog {
		last := old.last[max(0, len(old.last)-maxRequests+1):]
		return &requestLog{total: old.total + 1, last: append(last[:len(last):len(last)], r)}
	})
}

// Requests returns the requests it had, the first one first: the last 1,024, also
// those that met a fault.
func (s *Server) Requests() []Request {
	last := s.log.Load().last
	return append([]Request(nil), last...)
}

// Count returns how often a path was asked, of the last 1,024 requests; an empty
// path is any, an empty datacenter too.
func (s *Server) Count(path, datacenter string) int {
	n := 0
	for _, r := range s.log.Load().last {
		if (path == "" || r.Path == path) && (datacenter == "" || r.Datacenter == datacenter) {
			n++
		}
	}
	return n
}

// Counts is what a [Server] saw since it was started.
type Counts struct {
	Accepted int64 // connections accepted
	Open     int64 // connections open now
	Requests int64 // requests read, also those that met a fault
}

// Counts returns what it saw. It does not wait, so the numbers need not be of
// the same moment.
func (s *Server) Counts() Counts {
	return Counts{Accepted: s.accepted.Load(), Open: s.open.Load(), Requests: int64(s.log.Load().total)}
}
