package proxy_test

import (
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// A server that counted as failed answers a call, and then says farewell or dies
// before the proxy has taken the answer out of its mailbox. The answer must not make
// the farewell look old.
func TestADepartureRightBehindAnAnswerThatIsNotYetTakenCounts(t *testing.T) {
	for name, end := range map[string]struct {
		leave func(*testutil.Server)
		why   error
	}{
		"farewell": {(*testutil.Server).GoAway, pool.ErrLeaving},
		"death":    {(*testutil.Server).Kill, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCluster(t, 2)
			log := &halting{text: "lost: no server answers", halted: make(chan struct{}), resume: make(chan struct{})}
			down := make(chan error, 10)
			p := startProxy(t, proxy.Hooked(proxy.WithLines(proxy.Config{Servers: c.Addrs()}, log.line),
				poolhooks.Hooks{Down: func(_ string, err error) { down <- err }}))
			first := active(t, p)
			if err := p.NotifyFailed(within(t), first, nil); err != nil {
				t.Fatal(err)
			}
			failing := make(chan error, 1)
			second := active(t, p)
			go func() { failing <- p.NotifyFailed(within(t), second, nil) }()
			receive(t, "the line", log.halted) // first is in front again, and nothing more is taken
			if now := active(t, p); now != first {
				t.Fatalf("%v in front, want %v", now, first)
			}
			if err := p.Call(within(t), "Echo.Echo", 1, nil); err != nil {
				t.Fatal(err)
			}
			end.leave(c.ServerAt(first.Addr))
			if err := receive(t, "the departure", down); end.why != nil && !errors.Is(err, end.why) {
				t.Fatalf("reported %v", err)
			}
			close(log.resume)
			if err := receive(t, "the notice", failing); err != nil {
				t.Fatal(err)
			}
			awaitView(t, p, "the other server in front", func(v *messages.View) bool {
				now, _ := v.Active()
				return now == second
			})
		})
	}
}
