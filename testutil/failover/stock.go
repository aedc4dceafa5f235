//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/rpc"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/testutil"
)

// stock is a plain client, without package proxy.
type stock struct {
	opt  *options
	pool *stockPool
	list chan []string // the servers, the one in use first; the goroutine that has taken it owns it
	tell scribe
	log  zerolog.Logger

	token  string
	status statuses
}

// stockHold is how long a call is repeated that may be.
const stockHold = 5 * time.Second

// runStock is the process of a stock agent; it ends with ctx.
func runStock(ctx context.Context, opt *options, orders <-chan order, tell scribe, log io.Writer) error {
	s := &stock{
		opt: opt, pool: newStockPool(), list: make(chan []string, 1), tell: tell,
		log: zerolog.New(log).With().Timestamp().Logger(),
	}
	s.list <- nil
	s.replace(opt.servers)
	go carryOut(ctx, orders, &s.status, s.rebalance)
	for {
		var reply beatReply
		err := s.call(ctx, false, "Node.Register", register(opt.name), &reply)
		if err == nil {
			s.token = *reply.SignedIdentity
			go s.watchAllocs(ctx)
			s.beat(ctx, s.learn(reply))
			return ctx.Err()
		}
		s.log.Warn().Err(err).Msg("cannot register")
		if !pause(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// front is the server in use.
func (s *stock) front() string {
	list := <-s.list
	defer func() { s.list <- list }()
	return list[0]
}

// edit changes the list and tells if another server is in use then.
func (s *stock) edit(f func([]string) []string) {
	list := <-s.list
	var before string
	if len(list) > 0 {
		before = list[0]
	}
	list = f(list)
	after := list[0]
	s.list <- list
	if after != before {
		s.tell <- record{Kind: kindFront, Done: time.Now(), Server: after}
	}
}

// rotate puts a server that failed behind the others, if it is still in use.
func (s *stock) rotate(failed string) {
	s.edit(func(list []string) []string {
		if list[0] == failed {
			return append(list[1:], failed)
		}
		return list
	})
}

// replace takes a new set of servers in random order; the same set changes
// nothing.
func (s *stock) replace(servers []string) {
	s.edit(func(list []string) []string {
		if len(servers) == 0 || slices.Equal(slices.Sorted(slices.Values(list)), slices.Sorted(slices.Values(servers))) {
			return list
		}
		next := slices.Clone(servers)
		rand.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
		return next
	})
}

// rebalance takes the servers into another order, by chance, so that the first one
// answers. The session of the one that was in use stays as it is, with what goes
// on there.
func (s *stock) rebalance() {
	list := <-s.list
	next := slices.Clone(list)
	s.list <- list
	rand.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
	for range next {
		if s.pool.call(next[0], "Status.Ping", struct{}{}, &struct{}{}) == nil {
			s.edit(func([]string) []string { return next })
			return
		}
		next = append(next[1:], next[0])
	}
}

func (s *stock) learn(reply beatReply) time.Duration {
	var servers []string
	for _, info := range reply.Servers {
		servers = append(servers, info.RPCAdvertiseAddr)
	}
	s.replace(servers)
	return reply.HeartbeatTTL
}

// call goes to the server in use and rotates at every error. A read whose
// connection failed is repeated for a while, and so is any call that found no leader;
// a write is not.
func (s *stock) call(ctx context.Context, read bool, method string, args, reply any) error {
	until := time.Now().Add(stockHold)
	for {
		server := s.front()
		err := s.pool.call(server, method, args, reply)
		if err == nil {
			return nil
		}
		s.log.Warn().Err(err).Str("method", method).Str("server", server).Msg("call failed")
		s.rotate(server)
		_, answered := errors.AsType[rpc.ServerError](err)
		repeat := leaderless(err) || read && !answered && !dialFailed(err)
		if !repeat || time.Now().After(until) || !pause(ctx, rand.N(stockHold/16)) {
			return err
		}
	}
}

func leaderless(err error) bool { return strings.Contains(err.Error(), testutil.ErrTextNoLeader) }

// dialFailed reports whether no connection came about, which is not repeated.
func dialFailed(err error) bool { return strings.HasPrefix(err.Error(), "dial ") }

// beat sends a heartbeat whenever the TTL of the last one is over, and after a
// pause if it failed.
func (s *stock) beat(ctx context.Context, ttl time.Duration) {
	due, status := time.Now().Add(ttl), s.status.next()
	for next := due; pause(ctx, time.Until(next)); {
		r := record{Kind: kindBeat, Due: due, Sent: time.Now()}
		var reply beatReply
		err := s.call(ctx, false, "Node.UpdateStatus", heartbeat(s.opt.name, s.token, status), &reply)
		r.Done = time.Now()
		if err == nil {
			r.TTL = s.learn(reply)
			due, status = r.Done.Add(r.TTL), s.status.next()
			next = due
		} else {
			r.Err = err.Error()
			next = r.Done.Add(stockBackOff(err, r.Done.Sub(due)))
		}
		s.tell <- r
	}
}

// stockBackOff is the pause after a heartbeat that failed so long after it was
// due: long without a leader, else a second or two, and ever longer when it is
// half a minute late.
func stockBackOff(err error, late time.Duration) time.Duration {
	switch {
	case leaderless(err):
		return 15*time.Second + rand.N(15*time.Second)
	case late > 30*time.Second:
		return min(max(rand.N(late), time.Second), 30*time.Second)
	default:
		return time.Second + rand.N(time.Second)
	}
}

// watchAllocs keeps one blocking query pending.
func (s *stock) watchAllocs(ctx context.Context) {
	var index uint64
	for ctx.Err() == nil {
		var reply queryReply
		if err := s.call(ctx, true, "Node.GetClientAllocs", query(s.opt.name, s.token, index), &reply); err != nil {
			pause(ctx, time.Second+rand.N(time.Second))
			continue
		}
		index = max(reply.Index, 1)
	}
}
