package probing

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// target is one server that is probed. One goroutine uses it.
type target struct {
	*Prober
	server   messages.Server
	answered bool      // the last probe was
	asked    time.Time // what it runs
	ledAt    time.Time // it was asked which leader it knows
}

// How often a server is asked for what changes seldom, and at most for its leader.
const (
	versionEvery = 30 * time.Second
	leaderEvery  = time.Second
)

// once makes one probe, and tells the proxy of it.
func (t *target) once(ctx context.Context) watch.Probed {
	e := watch.Probed{Addr: t.server.Addr}
	var err error
	if !t.answered { // what it takes to connect is no round trip
		_, err = t.ping(ctx)
	}
	if err == nil {
		e.RTT, err = t.ping(ctx)
	}
	t.answered = err == nil
	if err == nil && time.Since(t.ledAt) >= leaderEvery-leaderEvery/5 {
		t.ledAt = time.Now()
		leader, failure := t.leader(ctx) // one that cannot say is alive
		e.Leader, e.Asked = leader, failure == nil || errors.Is(failure, pool.ErrNoLeader)
	}
	if err == nil && time.Since(t.asked) >= versionEvery {
		t.asked = time.Now()
		e.Version = t.version(ctx)
	}
	e.At = time.Now()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		e.Failed = t.cfg.Reason(err)
		t.asked, t.ledAt = time.Time{}, time.Time{}
		if t.proxy.View().Health(t.server) != messages.Failed {
			_ = t.proxy.NotifyFailed(ctx, t.server, err) // it fails when ctx ends
		}
	default:
		t.tell(ctx, e.Asked && e.Leader == "", e.Asked && e.Leader != "")
	}
	return e
}

// tell tells the proxy that the server answers, and that it knows no leader, or one, if it was
// asked. Send fails when ctx ends.
func (t *target) tell(ctx context.Context, leaderless, led bool) {
	view := t.proxy.View()
	switch health := view.Health(t.server); {
	case leaderless:
		if health != messages.Leaderless {
			_ = t.proxy.Send(ctx, messages.FailureNotice{Server: t.server, NoQuorum: true})
		}
	case health == messages.Leaderless:
		if led {
			_ = t.proxy.Send(ctx, messages.Reconnected{Server: t.server})
		}
	case health != messages.Alive:
		_ = t.proxy.Send(ctx, messages.Recovered{Server: t.server, Epoch: view.Epoch()})
	}
}

// ping asks once whether the server answers.
func (t *target) ping(ctx context.Context) (took time.Duration, err error) {
	limited, stop := context.WithTimeout(ctx, t.cfg.Timeout)
	defer stop()
	took, err = t.calls.Ping(limited, t.server.Addr)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		err = unanswered{t.cfg.Timeout} // of the context, the dialer or the socket
	}
	return took, err
}

// query is the arguments of a question that a server answers by itself.
type query struct {
	Region     string
	AllowStale bool
	AuthToken  string
}

// leader asks which leader the server knows.
func (t *target) leader(ctx context.Context) (leader string, err error) {
	limited, stop := context.WithTimeout(ctx, t.cfg.Timeout)
	defer stop()
	err = t.calls.Call(limited, t.server.Addr, "Status.Leader", query{Region: t.cfg.Region, AllowStale: true}, &leader)
	return leader, err
}

// version asks what the server runs; empty: it does not say.
func (t *target) version(ctx context.Context) string {
	limited, stop := context.WithTimeout(ctx, t.cfg.Timeout)
	defer stop()
	var reply struct {
		ServerName, ServerRegion string
		Members                  []struct {
			Name string
			Tags map[string]string
		}
	}
	if t.calls.Call(limited, t.server.Addr, "Status.Members", query{t.cfg.Region, true, t.cfg.Token}, &reply) != nil {
		return ""
	}
	for _, m := range reply.Members { // a member's name is the server's, a dot and the region
		if m.Name == reply.ServerName || m.Name == reply.ServerName+"."+reply.ServerRegion {
			return m.Tags["build"]
		}
	}
	return ""
}
