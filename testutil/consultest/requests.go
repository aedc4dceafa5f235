package testutil

import "net/url"

// ConsulRequest is a request that a [Consul] had.
type ConsulRequest struct {
	Method     string
	Path       string     // without parameters
	Query      url.Values // the parameters; not to be changed
	Datacenter string     // the one asked for, also by leaving it out
	Token      string     // as sent; empty: none
	Host       string     // as sent
}

// consulLog is what was asked. It is never changed: a new one replaces it.
type consulLog struct {
	total int
	last  []ConsulRequest
}

// maxConsulLog bounds the requests that are remembered.
const maxConsulLog = 1024

// note remembers a request.
func (c *Consul) note(r ConsulRequest) {
	replace(&c.log, func(old *consulLog) *consulLog {
		last := old.last[max(0, len(old.last)-maxConsulLog+1):]
		return &consulLog{total: old.total + 1, last: append(last[:len(last):len(last)], r)}
	})
}

// Requests returns the requests it had, the first one first: the last 1,024, also
// those that met a fault.
func (c *Consul) Requests() []ConsulRequest {
	last := c.log.Load().last
	return append([]ConsulRequest(nil), last...)
}

// Count tells how often a path was asked, of the last 1,024 requests; an empty
// path is any, an empty datacenter too.
func (c *Consul) Count(path, datacenter string) int {
	n := 0
	for _, r := range c.log.Load().last {
		if (path == "" || r.Path == path) && (datacenter == "" || r.Datacenter == datacenter) {
			n++
		}
	}
	return n
}

// ConsulCounts is what a [Consul] saw since it was started.
type ConsulCounts struct {
	Accepted int64 // connections accepted
	Open     int64 // connections open now
	Requests int64 // requests read, also those that met a fault
}

// Counts returns what it saw. It waits for nobody, so the numbers need not be of
// the same moment.
func (c *Consul) Counts() ConsulCounts {
	return ConsulCounts{Accepted: c.accepted.Load(), Open: c.open.Load(), Requests: int64(c.log.Load().total)}
}
