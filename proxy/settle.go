package proxy

import "github.com/open-nomad/rpcproxy/pool"

// fewAttempts is how often a call is sent whose trouble is not in the agent's own
// cluster. Servers choose one of another region's by chance, each time anew.
const fewAttempts = 3

// settle takes note of what a failed attempt means, and answers the error that ends
// the call, if it does.
func (c *call) settle(v verdict) error {
	if v.rotate || v.pass {
		c.tried = append(c.tried, c.last.Server)
	}
	if v.few {
		c.few++
	}
	switch {
	case !v.retry, v.few && c.few >= fewAttempts:
		return c.last
	case v.denied:
		c.denial = c.last
	}
	if c.denial == nil {
		return nil
	}
	// A server that fails is not waited for where another one has answered.
	if _, left := c.untried(c.proxy.View()); left {
		return nil
	}
	e := *c.denial
	e.Attempts, e.Outcome = c.last.Attempts, c.last.Outcome
	if e.Outcome == pool.NotSent {
		e.Outcome = c.denial.Outcome
	}
	return &e
}

// look finds out where the call goes, once: to the leader of the agent's own
// cluster, unless it names another region or one server.
func (c *call) look(args any) {
	if c.looked || args == nil {
		return
	}
	c.looked = true
	fields := pool.Fields(args)
	if r, ok := args.(interface{ RequestRegion() string }); ok && fields.Region == "" && !isNil(args) {
		fields.Region, _ = answer(r.RequestRegion)
	}
	const leader = "leader" // as a ServerID
	c.elsewhere = fields.Region != "" && fields.Region != c.proxy.cfg.Region || fields.ServerID != "" && fields.ServerID != leader
}
