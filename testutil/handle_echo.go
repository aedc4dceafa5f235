package testutil

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"
)

// echoEcho answers with the arguments as they came.
func echoEcho(_ context.Context, r *Request) (any, error) { return r.Body(), nil }

type echoCountArgs struct{ ID string }

// EchoCount is the reply of Echo.Count and Echo.Once.
type EchoCount struct {
	ID     string // as asked
	Count  int    // how often a request with this ID ran, on all servers of the cluster together
	Server string // the address of the server that ran it
}

// echoCount counts that the request ran.
func (s *Server) echoCount(_ context.Context, r *Request) (any, error) {
	var args echoCountArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	return EchoCount{ID: args.ID, Count: s.world.execute(args.ID), Server: s.addr}, nil
}

// echoOnce counts as echoCount does and complains from the second time on.
func (s *Server) echoOnce(ctx context.Context, r *Request) (any, error) {
	reply, err := s.echoCount(ctx, r)
	if c, ok := reply.(EchoCount); ok && c.Count > 1 {
		return nil, fmt.Errorf("request %q ran %d times", c.ID, c.Count)
	}
	return reply, err
}

// echoWrite counts as echoCount does, but as a write: the leader applies it, and
// refuses it while it hands the leadership on.
func (s *Server) echoWrite(ctx context.Context, r *Request) (any, error) {
	var args echoCountArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	return s.forwarded(ctx, r, func(leader string) (any, error) {
		out, err := EchoCount{ID: args.ID, Server: leader}, ErrStopped
		s.world.do(func(st *worldState) {
			if err = st.refusal(); err == nil {
				st.index++
				st.executions[args.ID]++
				out.Count = st.executions[args.ID]
			}
		})
		return out, err
	})
}

type echoSleepArgs struct{ Duration time.Duration }

func echoSleep(ctx context.Context, r *Request) (any, error) {
	var args echoSleepArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	sleep(ctx, args.Duration)
	return nil, ctx.Err()
}

type echoStreamArgs struct {
	Count   int
	Payload []byte
}

// echoStream sends the payload as so many frames.
func echoStream(ctx context.Context, c net.Conn) error {
	raw, err := readValue(bufio.NewReader(c))
	if err != nil {
		return err
	}
	var args echoStreamArgs
	if err := decode(raw, &args); err != nil {
		return &StreamError{Code: 400, Message: err.Error()}
	}
	for range args.Count {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := WriteFrame(c, StreamFrame{Payload: args.Payload}); err != nil {
			return err
		}
	}
	return nil
}

// Executions tells how often Echo.Count or Echo.Once ran for the ID, on all
// servers of the cluster together. After Stop it is 0.
func (s *Server) Executions(id string) int { return s.world.executed()[id] }

// ExecutionCounts tells how often Echo.Count and Echo.Once ran for each ID, on
// all servers of the cluster together. After Stop it is empty.
func (s *Server) ExecutionCounts() map[string]int { return s.world.executed() }
