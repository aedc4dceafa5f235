package proxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// newTenant makes a Tenant that ends with the test.
func newTenant(t testing.TB, p *proxy.Proxy, h pool.Handlers) *proxy.Tenant {
	t.Helper()
	tenant, err := p.NewTenant(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, tenant.Stop) })
	return tenant
}

func TestTenantsHaveConnectionsOfTheirOwnAndOneList(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	first := active(t, p)
	tenants := []*proxy.Tenant{newTenant(t, p, pool.Handlers{}), newTenant(t, p, pool.Handlers{})}
	for i, tenant := range tenants {
		var by messages.Server
		if err := tenant.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&by)); err != nil || by != first {
			t.Errorf("tenant %d: %v by %v", i, err, by)
		}
		if got := tenant.Stats().Sessions; got != 1 {
			t.Errorf("tenant %d has %d sessions", i, got)
		}
	}
	if open := c.ServerAt(first.Addr).Counts().Open; open != 2 {
		t.Errorf("the server has %d connections", open)
	}
	c.ServerAt(first.Addr).Kill()
	// One finds out, and the other does not have to.
	if err := tenants[0].Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	second := active(t, p)
	if second == first {
		t.Fatalf("%v is still in front", first)
	}
	before := tenants[1].Stats()
	var by messages.Server
	if err := tenants[1].Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&by)); err != nil || by != second {
		t.Errorf("%v by %v, want %v", err, by, second)
	}
	if got := tenants[1].Stats(); got.DialFailures != before.DialFailures {
		t.Errorf("a server was dialed that is known to be gone: %+v", got)
	}
}

func TestServersCallATenantsOwnHandlers(t *testing.T) {
	c := startCluster(t, 1)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	for _, name := range []string{"n1", "n2"} {
		tenant := newTenant(t, p, pool.Handlers{
			CallFor: func(string) pool.CallHandler {
				return func(context.Context, func(any) error) (any, error) { return name, nil }
			},
			OpenStream: func(_ context.Context, method string) (pool.StreamHandler, error) {
				if method != "Test.Echo" {
					return nil, errors.New("not on " + name)
				}
				return func(_ context.Context, conn net.Conn) error {
					_, err := io.CopyN(conn, conn, 5)
					return err
				}, nil
			},
		})
		node := map[string]any{
			"ID": name, "SecretID": "s", "Datacenter": "dc1", "Name": name, "Attributes": map[string]string{"nomad.version": "2.0.6"},
		}
		if err := tenant.Call(within(t), "Node.Register", map[string]any{"Region": "global", "Node": node}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"n1", "n2"} {
		var got string
		if err := c.Server(0).CallNode(within(t), name, "Test.Name", nil, &got); err != nil || got != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		_, err := c.Server(0).StreamNode(within(t), name, "No.Such")
		if remote, ok := errors.AsType[*testutil.RemoteError](err); !ok || remote.Text != "not on "+name {
			t.Errorf("%s: %v", name, err)
		}
		conn, err := c.Server(0).StreamNode(within(t), name, "Test.Echo")
		if err != nil {
			t.Fatal(err)
		}
		got5 := make([]byte, 5)
		_, _ = conn.Write([]byte("hello")) // the read tells
		if _, err := io.ReadFull(conn, got5); err != nil || string(got5) != "hello" {
			t.Errorf("%s: %q, %v", name, got5, err)
		}
		_ = conn.Close()
	}
}

func TestATenantThatIsStoppedFailsItsCalls(t *testing.T) {
	c := startCluster(t, 1)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	came := make(chan struct{}, 2)
	c.Server(0).Handle("Test.Wait", func(ctx context.Context, _ *testutil.Request) (any, error) {
		came <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ending, staying := newTenant(t, p, pool.Handlers{}), newTenant(t, p, pool.Handlers{})
	failed := make(chan error, 1)
	go func() { failed <- ending.Call(endless(t), "Test.Wait", struct{}{}, nil) }()
	<-came
	stop(t, ending.Stop)
	if err := <-failed; !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("the call: %v", err)
	}
	if err := ending.Call(within(t), "Status.Ping", struct{}{}, nil); !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("another call: %v", err)
	}
	if _, err := ending.Stream(within(t), "Echo.Stream"); !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("a stream: %v", err)
	}
	if err := staying.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Errorf("the other tenant: %v", err)
	}
	stop(t, p.Stop)
	if err := staying.Call(within(t), "Status.Ping", struct{}{}, nil); !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("after the proxy: %v", err)
	}
	if _, err := p.NewTenant(pool.Handlers{}); !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("a new tenant: %v", err)
	}
}

func TestATenantKeepsTheWholeTextOfAnError(t *testing.T) {
	c := startCluster(t, 1)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	text := strings.Repeat("0123456789", 100_000)
	c.Server(0).Inject(testutil.AppError("Status.Ping", text))
	err := newTenant(t, p, pool.Handlers{}).Call(within(t), "Status.Ping", struct{}{}, nil)
	if remote, ok := errors.AsType[*pool.RemoteError](err); !ok || remote.Raw != text || len(remote.Text) > 4<<10 || len(err.Error()) > 8<<10 {
		t.Errorf("%.100v", err)
	}
}

func TestTenantsFollowTheCredentialsOfTheProxy(t *testing.T) {
	c, agent := tlsCluster(t)
	p := startOver(t, proxy.Config{Servers: c.Addrs(), Region: "mars", RetryTimeout: 100 * time.Millisecond, Pool: pool.Config{TLS: agent}})
	early := newTenant(t, p, pool.Handlers{})
	ping := func(tenant *proxy.Tenant) error {
		return tenant.Call(endless(t), "Status.Ping", struct{}{}, nil)
	}
	if err := ping(early); err != nil {
		t.Fatal(err)
	}
	other := *agent
	other.Region = "venus"
	if err := p.SetTLS(within(t), &other); err != nil {
		t.Fatal(err)
	}
	late := newTenant(t, p, pool.Handlers{})
	for _, tenant := range []*proxy.Tenant{early, late} {
		eventually(t, "the end of trust", func() bool { return errors.Is(ping(tenant), pool.ErrTLSWrongName) })
	}
	if err := p.SetTLS(within(t), agent); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []*proxy.Tenant{early, late} {
		eventually(t, "trust", func() bool { return ping(tenant) == nil })
	}
}

func TestATenantNeedsThePoolOfTheProxy(t *testing.T) {
	own, err := pool.New(pool.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop(context.Background()) })
	p := startOver(t, proxy.Config{Servers: []string{"127.0.0.1"}, Pinger: own})
	if _, err := p.NewTenant(pool.Handlers{}); !errors.Is(err, proxy.ErrForeignPool) {
		t.Errorf("%v", err)
	}
	p = startOver(t, proxy.Config{Servers: []string{"127.0.0.1"}})
	if _, err := p.NewTenant(pool.Handlers{Calls: map[string]pool.CallHandler{"x": nil}}); !errors.As(err, new(*pool.ConfigError)) {
		t.Errorf("%v", err)
	}
	var none *proxy.Proxy
	if _, err := none.NewTenant(pool.Handlers{}); !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("%v", err)
	}
}
