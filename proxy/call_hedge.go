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

// slowAttempt is an attempt that may go on beyond its limit while the call is hedged.
type slowAttempt struct {
	ctx         context.Context
	server      messages.Server
	began       time.Time
	args, reply any
}

// hedge is the part of a call that runs on other servers, in a goroutine of its own, while
// its slow attempt goes on. That one may still be answered: a server that takes long for one
// answer, such as a large list, would take as long for the next. The first answer ends both.
type hedge struct {
	reply  reflect.Value // a pointer of the type of the caller's reply
	cancel context.CancelFunc
	broke  chan struct{} // gets a value when the connection broke under the slow attempt

	done     chan struct{} // closed at the end; the fields below are set before
	err      error
	panicked any
	returned bool // it was ended by neither a panic nor runtime.Goexit, in a method of args or reply
}

// hedgeable reports whether an attempt may go on beyond its limit. One attempt of a call
// may, none of a call with a soft deadline, which counts on its limits.
func (c *call) hedgeable(do attempt.Action) bool {
	return do.Limit > 0 && c.hedge == nil && c.way.Repeatable && c.way.Block == 0 && !c.hasSoftDeadline()
}

// Late is called by the pool at the limit of the slow attempt: the call goes on elsewhere,
// and the attempt goes on until the channel is closed.
func (c *call) Late() <-chan struct{} {
	slow := &c.slow
	c.lookUpTarget(slow.args)
	c.attemptFailed(slow.server, &CallError{
		Method: c.method, Server: slow.server.Addr, Phase: pool.PhaseFlushed, Err: pool.ErrAttemptTimeout,
	})
	c.noteUnanswered(slow.server, slow.began)
	h := &hedge{broke: make(chan struct{}, 1), done: make(chan struct{})}
	var reply any
	if slow.reply != nil {
		h.reply = reflect.New(reflect.TypeOf(slow.reply).Elem())
		reply = h.reply.Interface()
	}
	var ctx context.Context
	ctx, h.cancel = context.WithCancel(slow.ctx)
	c.hedge = h
	go func() {
		defer close(h.done)
		defer func() {
			if !h.returned {
				h.panicked = recover()
			}
		}()
		h.err = c.run(ctx, slow.args, reply)
		h.returned = true
	}()
	return h.done
}

// noteBroken tells the way if the connection broke under the slow attempt.
func (c *call) noteBroken() {
	if c.hedge == nil {
		return
	}
	select {
	case <-c.hedge.broke:
		c.way.Broke(c.slow.server.Addr)
	default:
	}
}

// finishHedged ends a call whose slow attempt ended with err while its hedge was under way.
// Once hedge.done is closed, the call belongs to this goroutine alone.
func (c *call) finishHedged(ctx context.Context, snap *snapshot, reply any, err error) error {
	h, server := c.hedge, c.slow.server
	switch {
	case err == nil:
		h.stop()
		c.shared.paces.learn(c.method, c.hasSoftDeadline(), time.Since(c.slow.began))
		c.answeredBy(snap, server)
		c.noteAnswered(ctx, server, c.slow.began)
		return nil
	case moved(err), ctx.Err() != nil:
		// The hedge has ended, or is about to.
	default:
		e := c.callError(server, err)
		f := describe(e, c.elsewhere, c.homeRegion)
		if f.Kind == attempt.Final {
			h.stop()
			if e.Attempts = c.way.Attempts(); c.maybe {
				e.Outcome = pool.MaybeExecuted // of the call
			}
			return e
		}
		if f.Broke {
			h.broke <- struct{}{}
		}
		if f.Judge(true).Rotate {
			c.reportFailed(ctx, snap, server, e)
		}
	}
	<-h.done
	h.stop()
	if h.err == nil && h.reply.IsValid() {
		reflect.ValueOf(reply).Elem().Set(h.reply.Elem())
	}
	return h.err
}

// stop cancels the hedge and waits for its end. A panic, or runtime.Goexit, that ended its
// goroutine is repeated in this one.
func (h *hedge) stop() {
	h.cancel()
	<-h.done
	switch {
	case h.panicked != nil:
		panic(h.panicked)
	case !h.returned:
		runtime.Goexit()
	}
}
