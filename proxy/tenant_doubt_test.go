package proxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Servers refuse connections beyond a number from one address: who gets one keeps it, and the
// others go to the next server.
func TestTenantsThatAServerRefusesDoNotMoveTheOthers(t *testing.T) {
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3, Server: testutil.ServerConfig{MaxConnsPerClient: 3}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c.Stop) })
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	first := active(t, p)
	at := map[messages.Server]int{}
	for range 6 {
		tenant := newTenant(t, p, pool.Handlers{})
		for range 3 {
			var by messages.Server
			if err := tenant.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&by)); err != nil {
				t.Fatal(err)
			}
			at[by]++
			if now := active(t, p); now != first {
				t.Fatalf("%v is in front, %v was", now, first)
			}
		}
	}
	if at[first] == 0 || at[first] == 18 {
		t.Errorf("calls were answered by %v", at)
	}
}

func TestATenantsBrokenConnectionDoesNotMoveTheOthers(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	first := active(t, p)
	other, unlucky := newTenant(t, p, pool.Handlers{}), newTenant(t, p, pool.Handlers{})
	for _, tenant := range []*proxy.Tenant{other, unlucky} {
		if err := tenant.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	c.ServerAt(first.Addr).Inject(testutil.DropAfterRead().On("Echo.Echo").Times(1))
	if err := unlucky.Call(within(t), "Echo.Echo", "x", nil); err == nil {
		t.Error("the call was answered")
	}
	if now := active(t, p); now != first {
		t.Errorf("%v is in front, %v was", now, first)
	}
}

// The others' sessions show nothing while nobody asks on them.
func TestAServerThatIsSilentToAllTenantsIsLeft(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{
		Servers: c.Addrs(), ProbeTimeout: 2 * time.Second,
		Pool: pool.Config{SilenceLimit: 100 * time.Millisecond, PingTimeout: 200 * time.Millisecond},
	})
	first := active(t, p)
	tenants := []*proxy.Tenant{newTenant(t, p, pool.Handlers{}), newTenant(t, p, pool.Handlers{})}
	for _, tenant := range tenants {
		if err := tenant.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	c.ServerAt(first.Addr).Freeze()
	defer c.ServerAt(first.Addr).Thaw()
	ctx, end := context.WithCancel(endless(t))
	defer end()
	if err := tenants[0].Call(ctx, "Status.Ping", struct{}{}, nil); err != nil {
		t.Error(err)
	}
	eventually(t, "another server in front", func() bool { return active(t, p) != first })
}
