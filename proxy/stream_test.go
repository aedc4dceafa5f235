package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

func openStream(t *testing.T, p *proxy.Proxy) net.Conn {
	t.Helper()
	c, err := p.Stream(within(t), "Test.Copy")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(limit))
	return c
}

func echoed(t *testing.T, c net.Conn, message string) {
	t.Helper()
	got := make([]byte, len(message))
	if _, err := c.Write([]byte(message)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, got); err != nil || string(got) != message {
		t.Fatalf("%q, %v; want %q", got, err, message)
	}
}

func copies(_ context.Context, c net.Conn) error {
	_, err := io.Copy(c, c)
	return err
}

func TestAStreamGoesToTheNextServerWhenTheFirstIsDown(t *testing.T) {
	c := startCluster(t, 3)
	for _, s := range c.Servers() {
		s.HandleStream("Test.Copy", copies)
	}
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	first := active(t, p)
	stream := openStream(t, p)
	echoed(t, stream, "one")
	c.ServerAt(first.Addr).Kill()
	eventually(t, "another server in front", func() bool { return active(t, p) != first })
	next := openStream(t, p)
	echoed(t, next, "two")
	if next.RemoteAddr().String() == first.Addr {
		t.Errorf("to the dead server %v", first)
	}
	if _, err := stream.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the stream to the dead server: %v", err)
	}
}

func TestAStreamThatEveryServerRefusesIsTriedOnceOnEach(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	first := active(t, p)
	_, err := p.Stream(within(t), "No.Such")
	call, ok := errors.AsType[*proxy.CallError](err)
	if !ok || !errors.Is(err, pool.ErrUnknownMethod) || call.Attempts != 3 || call.Outcome != pool.Rejected {
		t.Errorf("%+v", err)
	}
	if active(t, p) != first {
		t.Error("the server was left for its answer")
	}
}

func TestAStreamGoesToTheServerThatKnowsItsMethod(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	first := active(t, p)
	for _, s := range c.Servers() {
		if s.Addr() != first.Addr {
			s.HandleStream("Test.Copy", copies)
		}
	}
	for range 2 {
		stream := openStream(t, p)
		echoed(t, stream, "hello")
		if stream.RemoteAddr().String() == first.Addr {
			t.Errorf("on %v, which does not know the method", first)
		}
	}
	if active(t, p) != first {
		t.Error("the server was left for its answer")
	}
}

// A farewell moves the agent on before the server is gone: nothing fails, and
// what runs there comes to its end.
func TestAServerThatLeavesHandsOverWithoutALostCall(t *testing.T) {
	c := startCluster(t, 3)
	for _, s := range c.Servers() {
		s.HandleStream("Test.Copy", copies)
	}
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	over, end := context.WithCancel(within(t))
	var calls sync.WaitGroup
	for i := range 8 {
		calls.Go(func() {
			for over.Err() == nil {
				var got int
				// Not to be sent again once a server may have seen it: so none may be lost.
				err := p.Call(within(t), "Echo.Echo", i, &got, proxy.WithClass(proxy.AtMostOnce))
				if err != nil || got != i {
					t.Errorf("%d, %v; want %d", got, err, i)
					return
				}
			}
		})
	}
	for round := range 6 {
		first := active(t, p)
		stream := openStream(t, p)
		echoed(t, stream, "before")
		c.ServerAt(first.Addr).GoAway()
		awaitView(t, p, fmt.Sprint("round ", round, ": another server in front"), func(v *messages.View) bool {
			now, _ := v.Active()
			return now != first
		})
		echoed(t, stream, "after")
		if next := openStream(t, p); next.RemoteAddr().String() == first.Addr {
			t.Errorf("round %d: a new stream to the server that leaves", round)
		}
		_ = stream.Close()
	}
	end()
	calls.Wait()
	if st := p.Stats(); st.Failures != 0 {
		t.Errorf("%+v", st)
	}
}

func TestAProxyOverAPingerWithoutStreamsReportsThat(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pingsOnly{}})
	if _, err := p.Stream(within(t), "Test.Copy"); !errors.Is(err, proxy.ErrNoCaller) {
		t.Errorf("%v", err)
	}
	near, far := net.Pipe()
	defer func() { _, _ = near.Close(), far.Close() }()
	own := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: &ownStreams{conn: near}})
	c, err := own.Stream(within(t), "Test.Copy")
	if err != nil || c != near {
		t.Errorf("%v, %v", c, err)
	}
	stop(t, own.Stop)
	if _, err := own.Stream(within(t), "Test.Copy"); !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("on a stopped proxy: %v", err)
	}
}

// pingsOnly carries nothing.
type pingsOnly struct{}

func (pingsOnly) Ping(context.Context, string) (time.Duration, error) { return 0, nil }

// ownStreams are an embedder's connections.
type ownStreams struct {
	pingsOnly
	conn net.Conn
}

func (*ownStreams) Call(context.Context, string, string, any, any) error { return nil }

func (o *ownStreams) Stream(context.Context, string, string) (net.Conn, error) { return o.conn, nil }
