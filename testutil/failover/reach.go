//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// caller is what a server does to reach agents, as users would have it do.
type caller struct {
	server *testutil.Server
	tell   scribe
}

// reach calls and follows those agents until ctx ends. It does not wait.
func (c *caller) reach(ctx context.Context, of reach) {
	for _, agent := range of.Call {
		go c.callOften(ctx, agent)
	}
	for _, agent := range of.Follow {
		go c.followAlways(ctx, agent)
	}
}

// callOften begins a call each second, also while others wait for their answer.
func (c *caller) callOften(ctx context.Context, agent string) {
	for pause(ctx, rand.N(reachEvery)); ctx.Err() == nil; pause(ctx, reachEvery) {
		go c.call(ctx, agent)
	}
}

func (c *caller) call(ctx context.Context, agent string) {
	within, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	r := record{Kind: kindCall, Agent: agent, Server: c.server.Addr(), Sent: time.Now()}
	r.Sessions = int(c.server.NodeConns(nodeID(agent)).Open)
	err := c.server.CallNode(within, nodeID(agent), methodStats, statsArgs{NodeID: nodeID(agent)}, nil)
	if ctx.Err() != nil {
		return // it was not to be answered any more
	}
	r.Done = time.Now()
	if r.NoPath = noPath(err); err != nil && !r.NoPath {
		r.Err = err.Error()
	}
	c.tell <- r
}

// noPath reports whether a server has no session of the agent that it should call.
func noPath(err error) bool {
	remote, ok := errors.AsType[*testutil.RemoteError](err)
	return ok && remote.Text == testutil.ErrTextNoNodePath
}

// followAlways follows a log, and again when that has ended. One that cannot be
// opened is a call that failed; without a session nothing was called.
func (c *caller) followAlways(ctx context.Context, agent string) {
	for ; ctx.Err() == nil; pause(ctx, reachEvery) {
		r := record{Kind: kindTail, Agent: agent, Server: c.server.Addr(), Sent: time.Now()}
		stream, err := c.server.StreamNode(ctx, nodeID(agent), methodLogs)
		switch {
		case ctx.Err() != nil || noPath(err):
			continue
		case err != nil:
			r.Kind, r.Done, r.Err = kindCall, time.Now(), err.Error()
			c.tell <- r
			continue
		}
		c.tell <- r
		stop := context.AfterFunc(ctx, func() { _ = stream.Close() }) // the agent ends it then
		err = readLines(stream, stream.SetReadDeadline)
		stop()
		_ = stream.Close() // it has ended already
		if r.Done = time.Now(); ctx.Err() == nil {
			r.Err = err.Error()
		}
		c.tell <- r
	}
}

// readLines reads lines until there are no more. The error, never nil, is the reason.
func readLines(stream io.ReadWriter, deadline func(time.Time) error) error {
	if err := codec.NewEncoder(stream, stockHandle).Encode(logsArgs{Follow: true, PlainText: true}); err != nil {
		return err
	}
	frames := pool.NewFrameReader(stream)
	for i := 0; ; i++ {
		if err := deadline(time.Now().Add(tailSilence)); err != nil {
			return err
		}
		line, err := frames.Next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("no line for %v", tailSilence)
		case err != nil:
			return err
		case string(line) != logLine(i):
			return fmt.Errorf("line %q came where %q was due", line, logLine(i))
		}
	}
}
