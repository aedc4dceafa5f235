package proxy

import "github.com/open-nomad/rpcproxy/pool"

// look finds out where the call goes, once: to the leader of the agent's own
// cluster, unless it names another region or one server. At home is one that names the
// agent's own region.
func (c *call) look(args any) {
	if c.looked || args == nil {
		return
	}
	c.looked = true
	fields := pool.Fields(args)
	if r, ok := args.(interface{ RequestRegion() string }); ok && fields.Region == "" && !isNil(args) {
		fields.Region, _ = answer(r.RequestRegion)
	}
	c.atHome = fields.Region == c.proxy.cfg.Region
	const leader = "leader" // as a ServerID
	c.elsewhere = fields.Region != "" && fields.Region != c.proxy.cfg.Region || fields.ServerID != "" && fields.ServerID != leader
}
