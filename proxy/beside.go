package proxy

import (
	"context"
	"reflect"
	"runtime"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// kept is the attempt that a call may leave going beyond its limit.
type kept struct {
	ctx         context.Context
	server      messages.Server
	began       time.Time
	args, reply any
}

// beside is what a call does elsewhere while its first attempt goes on. That one may be
// answered yet: a server that takes long for one answer, as for a large list, would take as
// long for the next. It ends with the first answer there is.
type beside struct {
	reply reflect.Value // a pointer of the kind that the caller gave

	stop  context.CancelFunc
	broke chan struct{} // the connection broke under the attempt that goes on

	over     chan struct{} // closed at the end; what follows is set before
	err      error
	panicked any
	ended    bool // it came to its end, and was not ended by whoever wrote or read a value
}

// keepable reports whether an attempt may go on beyond its limit, which one of a call may,
// and none of a call that counts its attempts by a budget.
func (c *call) keepable(do attempt.Action) bool {
	return do.Limit > 0 && c.beside == nil && c.way.Repeatable && c.way.Block == 0 && c.way.LandBy.IsZero()
}

// Late follows the limit of the attempt: the call goes on elsewhere, and the attempt where
// it is, until the channel is closed.
func (c *call) Late() <-chan struct{} {
	k := &c.kept
	c.look(k.args)
	c.failed(k.server, &CallError{
		Method: c.method, Server: k.server.Addr, Phase: pool.PhaseFlushed, Err: pool.ErrAttemptTimeout,
	})
	c.unserved(k.server, k.began)
	b := &beside{broke: make(chan struct{}, 1), over: make(chan struct{})}
	var reply any
	if k.reply != nil {
		b.reply = reflect.New(reflect.TypeOf(k.reply).Elem())
		reply = b.reply.Interface()
	}
	var ctx context.Context
	ctx, b.stop = context.WithCancel(k.ctx)
	c.beside = b
	go func() {
		defer close(b.over)
		defer func() {
			if !b.ended {
				b.panicked = recover()
			}
		}()
		b.err = c.follow(ctx, k.args, reply)
		b.ended = true
	}()
	return b.over
}

// hear takes note of what has become of the attempt that goes on.
func (c *call) hear() {
	if c.beside == nil {
		return
	}
	select {
	case <-c.beside.broke:
		c.way.Broke(c.kept.server.Addr)
	default:
	}
}

// join ends a call that went on elsewhere while its attempt at server, which ended with
// err, went on there. From the end of the other part on everything is this goroutine's.
func (c *call) join(ctx context.Context, now *published, reply any, err error) error {
	b, server := c.beside, c.kept.server
	switch {
	case err == nil:
		b.end()
		c.paced(time.Since(c.kept.began))
		c.landed(now, server)
		c.served(ctx, server, c.kept.began)
		return nil
	case moved(err), ctx.Err() != nil:
		// The other part is over, or about to be.
	default:
		e := c.wrapped(server, err)
		f := describe(e, c.elsewhere, c.atHome)
		if f.Kind == attempt.Final {
			b.end()
			if e.Attempts = c.way.Attempts(); c.maybe {
				e.Outcome = pool.MaybeExecuted // of the call
			}
			return e
		}
		if f.Broke {
			b.broke <- struct{}{}
		}
		if f.Judge(true).Rotate {
			c.notify(ctx, now, server, e)
		}
	}
	<-b.over
	b.end()
	if b.err == nil && b.reply.IsValid() {
		reflect.ValueOf(reply).Elem().Set(b.reply.Elem())
	}
	return b.err
}

// end waits for the end of the other part, which it hurries on. What a method of the
// caller's has done to that goroutine it does to this one.
func (b *beside) end() {
	b.stop()
	<-b.over
	switch {
	case b.panicked != nil:
		panic(b.panicked)
	case !b.ended:
		runtime.Goexit()
	}
}
