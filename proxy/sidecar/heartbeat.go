package sidecar

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/accept"
	"github.com/open-nomad/rpcproxy/proxy"
)

// heartbeat carries a heartbeat, or a registration. The time until the last one's TTL ends, and
// some of the grace behind it, is divided among the servers. The answer is told to the Proxy,
// and the agent gets it with the sidecar as its only server.
func (a *agent) heartbeat(ctx context.Context, method string, args pool.Raw) (reply pool.Raw, err error) {
	s := a.side
	began := time.Since(s.counts.began)
	var from messages.Server
	opts := []proxy.CallOption{proxy.WithAnsweredBy(&from)}
	until := time.Duration(a.ttl.Load())
	if until > 0 {
		opts = append(opts, proxy.WithSoftDeadline(s.counts.began.Add(until+halfGrace)))
	}
	if err := a.tenant.Call(ctx, method, args, &reply, opts...); err != nil {
		return nil, err
	}
	u, named := update(reply)
	u.From, u.Tenant = from, true
	if until > 0 {
		u.Due = s.counts.began.Add(until)
	}
	if u.TTL > 0 {
		a.ttl.Store(int64(began + min(u.TTL, longestTTL)))
	}
	if named {
		telling, stop := context.WithTimeout(ctx, tellTime)
		defer stop()
		if err := s.proxy.Heartbeat(telling, u); err != nil {
			s.notice(reasonHeartbeat, "", err)
		}
	}
	return withServer(reply, a.advertise), nil
}

const (
	// halfGrace is half of what servers allow behind the TTL unless they are told otherwise
	// (Nomad 2.0.6, heartbeat_grace). Agents send a heartbeat when the TTL is over, not before:
	// none of their heartbeats would have time for a second server without it.
	halfGrace = 5 * time.Second
	// longestTTL bounds what is believed of a TTL.
	longestTTL = time.Hour
	// tellTime is how long the answer to a heartbeat may wait for the Proxy to take note of it.
	tellTime = time.Second
)

// The fields of an answer, and of the servers in it (Nomad 2.0.6, nomad/structs/structs.go,
// NodeUpdateResponse and NodeServerInfo; recording register_heartbeat.json).
const (
	keyServers = "Servers"
	keyAddr    = "RPCAdvertiseAddr"
)

// maxServers bounds how many servers of an answer are read.
const maxServers = 1024

// update is what an answer says. ok is false where it names no servers: it is no such answer.
func update(reply pool.Raw) (u messages.HeartbeatUpdate, ok bool) {
	for key, value := range accept.Pairs(reply) {
		switch string(key) {
		case keyServers:
			u.Servers, ok = u.Servers[:0], true
			for item := range accept.Items(value) {
				if len(u.Servers) < maxServers {
					u.Servers = append(u.Servers, serverInfo(item))
				}
			}
		case "NumNodes":
			u.NumNodes = int(min(accept.Integer(value), 1<<31-1))
		case "LeaderRPCAddr":
			u.LeaderRPCAddr = string(accept.Text(value))
		case "HeartbeatTTL":
			u.TTL = time.Duration(max(accept.Integer(value), 0))
		}
	}
	return u, ok
}

// serverInfo is one server of an answer.
func serverInfo(item pool.Raw) (info messages.ServerInfo) {
	for key, value := range accept.Pairs(item) {
		switch string(key) {
		case keyAddr:
			info.RPCAdvertiseAddr = string(accept.Text(value))
		case "Datacenter":
			info.Datacenter = string(accept.Text(value))
		case "RPCMajorVersion":
			info.RPCMajorVersion = int(min(accept.Integer(value), 1<<31-1))
		case "RPCMinorVersion":
			info.RPCMinorVersion = int(min(accept.Integer(value), 1<<31-1))
		}
	}
	return info
}

// withServer is an answer whose list of servers, wherever it stands, names addr alone; all else
// is as it came. The server is the first of the list with another address. An answer without a
// list stays as it is, and so does any where addr is empty.
func withServer(reply pool.Raw, addr string) pool.Raw {
	if addr == "" {
		return reply
	}
	spliced, ok := accept.With(reply, keyServers, accept.AppendList(nil, onlyServer(reply, addr)))
	if !ok {
		return reply
	}
	return spliced
}

// onlyServer is the entry of the list.
func onlyServer(reply pool.Raw, addr string) pool.Raw {
	text := accept.AppendText(nil, addr)
	for key, value := range accept.Pairs(reply) {
		if string(key) != keyServers {
			continue
		}
		for item := range accept.Items(value) {
			if entry, ok := accept.With(item, keyAddr, text); ok {
				return entry
			}
			break
		}
	}
	return append(accept.AppendText(pool.Raw{0x81}, keyAddr), text...)
}
