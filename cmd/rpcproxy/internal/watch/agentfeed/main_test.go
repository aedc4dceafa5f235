package agentfeed

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/agentapi"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// limit is how long a test waits for what must come.
const limit = time.Minute

// reading is a feed that runs, until t ends.
type reading struct {
	t      *testing.T
	events chan watch.Event
	ended  chan error
}

// read starts a feed.
func read(t *testing.T, cfg Config) *reading {
	t.Helper()
	f, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &reading{t: t, events: make(chan watch.Event), ended: make(chan error, 1)}
	go func() {
		r.ended <- f.Run(ctx, func(e watch.Event) {
			select {
			case r.events <- e:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-r.ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
	return r
}

// until takes events until one is wanted.
func (r *reading) until(what string, wanted func(watch.Event) bool) {
	r.t.Helper()
	limited := time.NewTimer(limit)
	defer limited.Stop()
	for {
		select {
		case e := <-r.events:
			if wanted(e) {
				return
			}
		case <-limited.C:
			r.t.Fatalf("it does not come: %s", what)
		}
	}
}

// lost takes events until the agent is lost, and returns why.
func (r *reading) lost() (why string) {
	r.t.Helper()
	r.until("the agent is lost", func(e watch.Event) bool {
		l, ok := e.(watch.Linked)
		why = l.Why
		return ok && !l.Up
	})
	return why
}

// reports takes events until a state comes.
func (r *reading) reports() (state watch.Reported) {
	r.t.Helper()
	r.until("a state", func(e watch.Event) (ok bool) {
		state, ok = e.(watch.Reported)
		return ok
	})
	return state
}

// once runs a feed that ends with its first trouble, which it returns.
func once(t *testing.T, cfg Config) error {
	t.Helper()
	cfg.Once = true
	f, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), limit)
	defer stop()
	return f.Run(ctx, func(watch.Event) { t.Error("something was told") })
}

// at is a Config for an address.
func at(addr string) Config { return Config{Agent: agentapi.Config{Addr: addr}} }

// raw is a server that answers each connection with what serve writes, and then keeps it open
// until its client closes it.
func raw(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 4096)
			if _, err := c.Read(request); err == nil {
				serve(c)
			}
			_ = c.SetReadDeadline(time.Now().Add(limit))
			_, _ = c.Read(request)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return l.Addr().String()
}
