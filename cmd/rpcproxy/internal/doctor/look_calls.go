package doctor

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"
)

// pings is how many round trips are measured.
const pings = 3

// ping sets up a session and measures round trips on it.
func (x *examiner) ping(ctx context.Context, seen *Seen) {
	if _, err := x.calls.Ping(ctx, seen.Server); err != nil {
		seen.Ping = sessionFault(err, *seen.Door)
		return
	}
	var trips []time.Duration
	for range pings {
		trip, err := x.calls.Ping(ctx, seen.Server)
		if err != nil {
			seen.Ping = sessionFault(err, *seen.Door)
			return
		}
		trips = append(trips, trip)
	}
	seen.RTT = slices.Min(trips)
}

// query is the arguments of every question. A server answers it by itself.
type query struct {
	Region     string
	AllowStale bool
	AuthToken  string
}

// membersReply is what is read of the answer to Status.Members. The address for RPC stands in
// the tags (Nomad 2.0.6, nomad/server.go).
type membersReply struct {
	ServerName, ServerRegion string
	Members                  []struct {
		Name, Status string
		Tags         map[string]string
	}
}

// ask asks a server about its cluster, all questions at the same time. The token goes out
// with the one that needs it.
func (x *examiner) ask(ctx context.Context, seen *Seen) {
	a := &Answers{}
	var members membersReply
	var asking sync.WaitGroup
	question := func(method, token string, reply any, fault *Fault) {
		asking.Go(func() {
			*fault = callFault(x.calls.Call(ctx, seen.Server, method, query{x.cfg.Region, true, token}, reply))
		})
	}
	question("Status.Leader", "", &a.Leader, &a.LeaderFault)
	question("Status.Peers", "", &a.Peers, &a.PeersFault)
	question("Status.Members", x.cfg.Token, &members, &a.MembersFault)
	asking.Wait()
	a.Name, a.Region = members.ServerName, members.ServerRegion
	for _, m := range members.Members {
		known := Member{Name: m.Name, Region: m.Tags["region"], Status: m.Status, Build: m.Tags["build"]}
		if m.Tags["rpc_addr"] != "" {
			known.Advertises = net.JoinHostPort(m.Tags["rpc_addr"], m.Tags["port"])
		}
		a.Members = append(a.Members, known)
	}
	seen.Answers = a
}
