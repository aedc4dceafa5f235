package proxy

import (
	"cmp"
	"context"
	"fmt"
	"reflect"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
)

// Send puts a message into the owner's mailbox and does not wait for its effect.
// It blocks while the mailbox is full. Messages are values: nil, or a pointer to
// one, is a *MessageError. The other errors are ctx.Err and ErrStopped.
//
// A value of another type than those of package messages, with one of them inside, is not
// processed: its Reply, if it has one, is answered at once, as if the Proxy had ended with a
// *MessageError. The text of an error in a message is read here: the owner calls none of its methods.
//
// A message that carries a Reply, made with actor.NewReply, is answered once Send has
// returned nil: after its effect is published, or, if the Proxy ends first, as
// messages.Message describes. To wait, receive from the Reply's channel; nothing else needs to
// be watched. The methods below send and wait in one.
func (p *Proxy) Send(ctx context.Context, m messages.Message) error {
	harmless, ok := frozen(p.cfg.log, m)
	if ok {
		return p.owner.Tell(p.guarded(ctx), harmless)
	}
	bad := &MessageError{Type: fmt.Sprintf("%T", m)}
	if kind := reflect.ValueOf(m).Kind(); kind == reflect.Invalid || kind == reflect.Pointer {
		return bad
	}
	if waits, is := m.(actor.Abandoner); is {
		p.cfg.log.Panicked("a message's methods", contain.Call(func() { waits.Abandon(bad) }))
	}
	return p.owner.Err()
}

// Heartbeat gives the owner the servers, node count, leader and TTL of a heartbeat's reply,
// and returns when they are published. An update without one usable server is refused with
// a *messages.UpdateError: the list stays as it was, while node count, leader and TTL are
// taken. The other errors are ctx.Err and ErrStopped.
func (p *Proxy) Heartbeat(ctx context.Context, u messages.HeartbeatUpdate) error {
	return p.change(ctx, func(r actor.Reply[error]) messages.Message {
		u.Reply = r
		return u
	})
}

// NotifyFailed reports that a server failed, for agents that carry their calls
// themselves. When it returns the next server is active. cause may be nil. The
// errors are ctx.Err and ErrStopped.
func (p *Proxy) NotifyFailed(ctx context.Context, s messages.Server, cause error) error {
	return p.calls.reportFailure(p.guarded(ctx), messages.FailureNotice{Server: s, Epoch: p.View().Epoch(), Err: cause})
}

// SetServers replaces the primaries by hand, all or nothing, until the next heartbeat
// that names servers. Bad addresses are a *messages.AddrsError that names each, no
// address is messages.ErrNoAddrs. The other errors are ctx.Err and ErrStopped.
//
// Servers that stay keep their place and their health. If the active one is not among
// them the next takes over; calls and streams on it run to their end. From now on these
// servers are in place of Config.Servers: they are tried again when no server is left
// that answers.
func (p *Proxy) SetServers(ctx context.Context, addrs ...string) error {
	return p.change(ctx, func(r actor.Reply[error]) messages.Message {
		return messages.SetServers{Addrs: addrs, Reply: r}
	})
}

// SetBackups replaces the backup servers, which rank behind all primaries and are used
// while no primary works. It does so for all or none of the addresses: bad ones are a
// *messages.AddrsError that names each. Without addresses there are no backups
// afterwards. The other errors are ctx.Err and ErrStopped.
func (p *Proxy) SetBackups(ctx context.Context, addrs ...string) error {
	return p.change(ctx, func(r actor.Reply[error]) messages.Message {
		return messages.SetBackups{Addrs: addrs, Reply: r}
	})
}

// AddBackup adds addrs to the backup servers and keeps the ones there are, all or nothing:
// bad addresses are a *messages.AddrsError that names each. The other errors are ctx.Err and ErrStopped.
func (p *Proxy) AddBackup(ctx context.Context, addrs ...string) error {
	return p.change(ctx, func(r actor.Reply[error]) messages.Message {
		return messages.AddBackup{Addrs: addrs, Reply: r}
	})
}

// change sends the message that build makes and waits until it is taken or refused.
func (p *Proxy) change(ctx context.Context, build func(actor.Reply[error]) messages.Message) error {
	refused, err := actor.Ask(p.guarded(ctx), p.owner.Ref, build)
	return cmp.Or(err, refused)
}

// AddPrimary adds a server behind the primaries, until the next heartbeat. Like the
// configured ones it is tried again when no server is left that answers, until it is
// removed. A bad address is a *messages.AddrError. The other errors are ctx.Err and
// ErrStopped.
func (p *Proxy) AddPrimary(ctx context.Context, addr string) (messages.Server, error) {
	added, err := actor.Ask(p.guarded(ctx), p.owner.Ref, func(r actor.Reply[messages.AddResult]) messages.Message {
		return messages.AddPrimary{Addr: addr, Reply: r}
	})
	if err != nil {
		return messages.Server{}, err
	}
	return added.Server, added.Err
}

// Remove takes a server out of the list, and reports whether it was there. The
// errors are ctx.Err and ErrStopped.
func (p *Proxy) Remove(ctx context.Context, s messages.Server) (bool, error) {
	return actor.Ask(p.guarded(ctx), p.owner.Ref, func(r actor.Reply[bool]) messages.Message {
		return messages.RemoveServer{Server: s, Reply: r}
	})
}

// Rebalance runs one rebalance round now and waits for its end; while one runs
// it waits for that one. The errors are ctx.Err and ErrStopped.
func (p *Proxy) Rebalance(ctx context.Context) (messages.RebalanceResult, error) {
	return actor.Ask(p.guarded(ctx), p.owner.Ref, func(r actor.Reply[messages.RebalanceResult]) messages.Message {
		return messages.RebalanceTick{Reply: r}
	})
}
