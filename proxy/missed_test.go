package proxy_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// The pool reports a failure once. The owner is busy then, and its mailbox full.
func TestAFailureThatAFullMailboxMissedIsFoundOut(t *testing.T) {
	t.Parallel()
	for name, tenant := range map[string]bool{"the proxy's own session": false, "a tenant's": true} {
		t.Run(name, func(t *testing.T) {
			c := startCluster(t, 3)
			var busy atomic.Pointer[chan struct{}]
			holding := make(chan struct{})
			p := startProxy(t, proxy.WithHold(proxy.Config{Servers: c.Addrs()}, func() {
				if free := busy.Swap(nil); free != nil {
					close(holding)
					<-*free
				}
			}))
			front, call := active(t, p), p.Call
			if tenant {
				call = newTenant(t, p, pool.Handlers{}).Call
			}
			if err := call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
				t.Fatal(err)
			}
			free := make(chan struct{})
			busy.Store(&free)
			go func() { _ = p.AddBackup(within(t), "127.0.0.1:1") }() // the owner has something to do
			<-holding
			proxy.Fill(p)
			c.ServerAt(front.Addr).Kill()
			eventually(t, "the notice is kept", func() bool { return proxy.Missed(p) == 1 })
			if !tenant { // another session is up soon, which would refute that of a tenant
				if err := c.Restart(slices.Index(c.Addrs(), front.Addr)); err != nil {
					t.Fatal(err)
				}
			}
			close(free)
			eventually(t, "another server in front", func() bool { return active(t, p) != front })
			if n := proxy.Missed(p); n != 0 {
				t.Errorf("%d notices are kept still", n)
			}
		})
	}
}
