package consul

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
)

// How many datacenters are read of Consul's list, and how many are asked.
const (
	maxListed = 1024
	maxAsked  = 9
)

// chance is the random source of the nth walk.
func (s *settings) chance(n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(cmp.Or(s.Seed, rand.Uint64()), n))
}

// walk asks one datacenter after the other until one has servers that are not all in a
// critical state. Those in a critical state that were found on the way come last.
func (c *client) walk(ctx context.Context, chance *rand.Rand) (Found, error) {
	names, err := c.datacenters(ctx)
	if err != nil {
		return Found{}, err
	}
	var tried WalkError
	var unhealthy Found // with servers in a critical state only
	for _, name := range order(names, c.settings.Datacenter, chance) {
		entries, err := c.instances(ctx, name)
		if err == nil {
			l := list(entries, c.settings.Tag)
			found := Found{Addrs: l.addrs, Datacenter: name, Critical: len(l.addrs) - l.healthy, Skipped: l.skipped}
			if l.healthy > 0 {
				return found.and(unhealthy), nil
			}
			if len(l.addrs) > 0 {
				unhealthy = unhealthy.and(found)
				continue
			}
			err = &Error{Path: healthPath + c.settings.Service, Datacenter: name, Status: http.StatusOK, Err: l.err(c.token)}
		}
		tried.Errs = append(tried.Errs, err)
		if ctx.Err() != nil || err.RetryAfter > 0 {
			break
		}
	}
	if len(unhealthy.Addrs) > 0 {
		return unhealthy, nil
	}
	return Found{}, &tried
}

// and returns f with the addresses of other, all of them critical, behind its own.
func (f Found) and(other Found) Found {
	if len(f.Addrs) == 0 {
		return other
	}
	for _, addr := range other.Addrs {
		if len(f.Addrs) < maxServers && !slices.Contains(f.Addrs, addr) {
			f.Addrs = append(f.Addrs, addr)
			f.Critical++ // other has no healthy ones
		}
	}
	return f
}

// order returns the datacenters to ask, in order: first the preferred one, or else the first
// of the list, then the others at random. Bad names and duplicates are left out.
func order(names []string, preferred string, chance *rand.Rand) []string {
	var out []string
	if preferred != "" {
		out = append(out, preferred)
	}
	for _, name := range names[:min(len(names), maxListed)] {
		if named(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) > 1 {
		others := out[1:]
		chance.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	}
	return out[:min(len(out), maxAsked)]
}
