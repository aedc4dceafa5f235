//go:build linux

package main

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/stockagent"
)

// stockRetry is the pause after a registration or a query that failed, lengthened by up
// to as much again. Nomad's clients wait for longer unless a call succeeds meanwhile; here
// the agents have to be ready for the next fault.
const stockRetry = time.Second

// stockHandlers answer what servers ask.
var stockHandlers = stockagent.Handlers{
	Calls: map[string]stockagent.CallHandler{
		methodStats: func(_ context.Context, decode func(any) error) (any, error) {
			return stats(), decode(&statsArgs{})
		},
	},
	Streams: map[string]testutil.StreamHandler{
		methodLogs: func(ctx context.Context, conn net.Conn) error {
			if err := testutil.ReadStreamRequest(conn, &logsArgs{}); err != nil {
				return err
			}
			return tail(ctx, conn, func(line []byte) error {
				_ = conn.SetWriteDeadline(time.Now().Add(tailSilence)) // a closed stream fails to write
				return testutil.WriteFrame(conn, testutil.StreamFrame{Payload: line})
			})
		},
	},
}

// stockAgent is what every stock agent is started with.
func stockAgent(name string, servers ...string) stockagent.Config {
	return stockagent.Config{
		Servers: servers, Name: name, NodeID: nodeID(name), SecretID: "secret-of-" + name,
		Handlers:      stockHandlers,
		RegisterRetry: stockRetry, QueryRetry: stockRetry,
		RebalanceAfter: -1, // only when it is ordered to
	}
}

// runStock is the process of a stock agent, without package proxy; it ends with ctx.
func runStock(ctx context.Context, opt *options, orders <-chan order, tell scribe, log io.Writer) error {
	logger := zerolog.New(log).With().Timestamp().Logger()
	var status statuses
	cfg := stockAgent(opt.name, opt.servers...)
	cfg.Status, cfg.Grace = status.next, opt.grace
	cfg.OnBeat = func(b stockagent.Beat) {
		r := record{Kind: kindBeat, Due: b.Due, Sent: b.Sent, Done: b.Done, TTL: b.TTL}
		if b.Err != nil {
			r.Err = b.Err.Error()
		}
		tell <- r
	}
	cfg.OnError = func(server, method string, err error) {
		logger.Warn().Err(err).Str("method", method).Str("server", server).Msg("call failed")
	}
	a, err := stockagent.Start(cfg) // it ends with the process
	if err != nil {
		return err
	}
	go carryOut(ctx, orders, &status, func() {
		if err := a.Rebalance(ctx); err != nil {
			logger.Warn().Err(err).Msg("cannot rebalance")
		}
	})
	for front := ""; ctx.Err() == nil; {
		s, err := a.Await(ctx, func(s stockagent.Stats) bool { return s.Servers[0] != front })
		if err != nil {
			break
		}
		front = s.Servers[0]
		tell <- record{Kind: kindFront, Done: time.Now(), Server: front}
	}
	return ctx.Err()
}
