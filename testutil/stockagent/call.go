package stockagent

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// request is one call.
type request struct {
	method string
	args   any
	read   bool
	block  time.Duration // how long the server may keep it waiting
	sent   func()        // called each time it has been sent; nil: nothing is
}

// Call makes a call as the agent makes its own, with the pauses and repetitions of the
// package comment, and blocks until then or until ctx ends. Arguments are those of a read
// if they have a method IsRead that says so, or are a map with the key MinQueryIndex. The
// error is rpc.ServerError with the server's text as it came, *DialError, [ErrStopped], that
// of ctx, or what became of the stream.
func (a *Agent) Call(ctx context.Context, method string, args, reply any) error {
	return a.call(ctx, request{method: method, args: args, read: isRead(args)}, reply)
}

// own is a request of the agent itself.
func own(method string, b body) request {
	return request{method: method, args: b, read: b.IsRead(), block: b.block()}
}

func (a *Agent) call(ctx context.Context, c request, reply any) error {
	deadline := time.Now().Add(a.cfg.RPCHoldTimeout + c.block)
	for {
		server := a.front()
		err := a.once(ctx, server, c, reply)
		if err == nil {
			a.succeeded()
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !a.failed(server, c.method, err) {
			return ErrStopped
		}
		if !repeats(c.read, err) || time.Now().After(deadline) || !a.pause(ctx, chance(a.cfg.RPCHoldTimeout/16)) {
			return err
		}
		if b, ok := c.args.(body); ok && c.block > 0 {
			c.args = b.shortened(time.Until(deadline))
		}
	}
}

// once sends a call to one server and waits for the answer.
func (a *Agent) once(ctx context.Context, server string, c request, reply any) error {
	one, stream, err := a.stream(ctx, server)
	if err != nil {
		return err
	}
	defer a.release(one)
	interrupted := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) }) // a closed one waits for nothing
	stream.Seq = a.seq.Add(1) - 1
	err = a.exchange(one, stream, c, reply)
	if !interrupted() && err == nil {
		err = context.Cause(ctx) // the stream is of no use any more
	}
	if err == nil {
		one.Give(stream)
		return nil
	}
	_ = stream.Close() // it failed already, or carries no further call
	if !answered(err) && (ended(err) || one.IsClosed()) {
		a.forget(one)
	}
	return err
}

// exchange sends the request and reads the answer, or does what a fault says.
func (a *Agent) exchange(one *session, stream *plainclient.Stream, c request, reply any) error {
	faults := a.faults.Load()
	if faults.find(faultEndAmidRequest, c.method) != nil {
		one.via.cut.Store(true)
		_ = stream.Send(c.method, c.args) // it fails, or the half of it is sent
		return ErrEndedAmid
	}
	if err := stream.Send(c.method, c.args); err != nil {
		return err
	}
	if c.sent != nil {
		c.sent()
	}
	if faults.find(faultEndAmidCall, c.method) != nil {
		_ = one.Close() // that is what was to fail
		return ErrEndedAmid
	}
	if faults.find(faultResetStreams, c.method) != nil {
		return ErrReset
	}
	return stream.Receive(reply)
}

// succeeded wakes what waits for a server that answers.
func (a *Agent) succeeded() { close(*a.success.Swap(new(make(chan struct{})))) }

// failed notes that a call failed and moves on to the next server. It returns false when
// the agent has stopped.
func (a *Agent) failed(server, method string, err error) bool {
	alive := a.do(func(s *state) {
		s.stats.Failed++
		next := s.servers.rotate(server)
		if next[0] != s.servers[0] {
			s.stats.Rotations++
		}
		s.servers = next
	})
	if alive && a.cfg.OnError != nil {
		a.cfg.OnError(server, method, err)
	}
	return alive
}

// pause waits and reports whether to go on.
func (a *Agent) pause(ctx context.Context, d time.Duration) bool {
	return a.wait(ctx, d, nil)
}

// retry is a pause that a call which succeeds ends.
func (a *Agent) retry(ctx context.Context, d time.Duration) bool {
	return a.wait(ctx, d+chance(d), *a.success.Load())
}

func (a *Agent) wait(ctx context.Context, d time.Duration, until <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-until:
	case <-a.ctx.Done():
	case <-ctx.Done():
	}
	return ctx.Err() == nil && a.ctx.Err() == nil
}
