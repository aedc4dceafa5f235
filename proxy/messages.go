package proxy

import (
	"context"
	"fmt"
	"reflect"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// RebalanceResult is how a rebalance round ended.
type RebalanceResult = messages.RebalanceResult

// Send puts a message into the owner's mailbox and does not wait for its effect.
// It blocks while the mailbox is full. Messages are values: nil, or a pointer to
// one, is a *MessageError. The other errors are ctx.Err and ErrStopped.
func (p *Proxy) Send(ctx context.Context, m messages.Proxy) error {
	if kind := reflect.ValueOf(m).Kind(); kind == reflect.Invalid || kind == reflect.Pointer {
		return &MessageError{Type: fmt.Sprintf("%T", m)}
	}
	return p.owner.Tell(ctx, m)
}

// ask sends the message that build makes and waits for its answer.
func ask[R any](ctx context.Context, p *Proxy, build func(actor.Reply[R]) messages.Proxy) (R, error) {
	return actor.Ask(ctx, p.owner.Ref, build)
}

// Heartbeat takes over what a heartbeat reply said, and returns when it is
// published. An update without one usable server is refused with a
// *messages.UpdateError: the list stays as it was, while node count, leader and
// TTL are taken. The other errors are ctx.Err and ErrStopped.
func (p *Proxy) Heartbeat(ctx context.Context, u messages.HeartbeatUpdate) error {
	refused, err := ask(ctx, p, func(r actor.Reply[error]) messages.Proxy {
		u.Reply = r
		return u
	})
	if err != nil {
		return err
	}
	return refused
}

// NotifyFailed tells that a server failed, for callers that carry their calls
// themselves. When it returns the next server is in front. cause may be nil. The
// errors are ctx.Err and ErrStopped.
func (p *Proxy) NotifyFailed(ctx context.Context, s messages.Server, cause error) error {
	return p.failed(ctx, messages.FailureNotice{Server: s, Epoch: p.View().Epoch(), Err: cause})
}

// failed sends a failure notice and waits until it is taken.
func (p *Proxy) failed(ctx context.Context, n messages.FailureNotice) error {
	_, err := ask(ctx, p, func(r actor.Reply[bool]) messages.Proxy {
		n.Reply = r
		return n
	})
	return err
}

// SetBackups replaces the backup servers, all or nothing: bad addresses are a
// *messages.AddrsError that names each. The other errors are ctx.Err and
// ErrStopped.
func (p *Proxy) SetBackups(ctx context.Context, addrs ...string) error {
	refused, err := ask(ctx, p, func(r actor.Reply[error]) messages.Proxy {
		return messages.AddBackup{Addrs: addrs, Reply: r}
	})
	if err != nil {
		return err
	}
	return refused
}

// AddPrimary adds a server behind the primaries, until the next heartbeat. A bad
// address is a *messages.AddrError. The other errors are ctx.Err and ErrStopped.
func (p *Proxy) AddPrimary(ctx context.Context, addr string) (messages.Server, error) {
	added, err := ask(ctx, p, func(r actor.Reply[messages.AddResult]) messages.Proxy {
		return messages.AddPrimary{Addr: addr, Reply: r}
	})
	if err != nil {
		return messages.Server{}, err
	}
	return added.Server, added.Err
}

// Remove takes a server out of the list, and says whether it was there. The
// errors are ctx.Err and ErrStopped.
func (p *Proxy) Remove(ctx context.Context, s messages.Server) (bool, error) {
	return ask(ctx, p, func(r actor.Reply[bool]) messages.Proxy {
		return messages.RemoveServer{Server: s, Reply: r}
	})
}

// Rebalance runs one rebalance round now and waits for its end; while one runs
// it waits for that one. The errors are ctx.Err and ErrStopped.
func (p *Proxy) Rebalance(ctx context.Context) (RebalanceResult, error) {
	return ask(ctx, p, func(r actor.Reply[RebalanceResult]) messages.Proxy {
		return messages.RebalanceTick{Reply: r}
	})
}
