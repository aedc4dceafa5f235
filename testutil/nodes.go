package testutil

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// node is one registered node. It belongs to the world's owner.
type node struct {
	NodeRecord
	allocs  allocations
	changed chan struct{} // closed when the allocations change
}

// NodeRecord is what the cluster knows of a registered node.
type NodeRecord struct {
	ID, SecretID, Identity string
	Name, Datacenter       string
	Status                 string        // as last told: "initializing" before the first heartbeat
	Registers              int           // successful registrations
	Heartbeats             int           // successful heartbeats
	Late                   int           // heartbeats that came after the granted TTL was over
	TTL                    time.Duration // as granted last
	LastSeen               time.Time     // of the last heartbeat or registration
	Server                 string        // the server it last spoke to
}

// allocations is the picture of a node's work that a blocking query waits for.
type allocations struct {
	modified map[string]uint64 // never changed, only replaced
	index    uint64
	changed  <-chan struct{}
}

func (st *worldState) next() uint64 { st.index++; return st.index }

// register enters a node, or finds it again.
func (w *world) register(args registerArgs, server string) (reply nodeReply, err error) {
	n := args.Node
	switch {
	case n.ID == "":
		return reply, errors.New("missing node ID for client registration")
	case n.Datacenter == "":
		return reply, errors.New("missing datacenter for client registration")
	case n.Name == "":
		return reply, errors.New("missing node name for client registration")
	case len(n.Attributes) == 0:
		return reply, errors.New("missing attributes for client registration")
	case n.SecretID == "":
		return reply, errors.New("missing node secret ID for client registration")
	}
	stopped := !w.do(func(st *worldState) {
		known := st.nodes[n.ID]
		if known != nil && known.SecretID != n.SecretID {
			err = errors.New(ErrTextSecretMismatch)
			return
		}
		if known == nil {
			known = &node{changed: make(chan struct{})}
			known.ID, known.SecretID, known.Status = n.ID, n.SecretID, "initializing"
			known.Identity = fmt.Sprintf("identity.%s.%016x", n.ID, st.rng.Uint64())
			known.allocs = allocations{modified: map[string]uint64{}, index: 1}
			st.nodes[n.ID] = known
			maps.DeleteFunc(st.purged, func(_, id string) bool { return id == n.ID })
		}
		known.Name, known.Datacenter = n.Name, n.Datacenter
		known.Registers++
		index := st.next()
		reply = st.reply(known, server, time.Now())
		reply.Index, reply.NodeModifyIndex, reply.SignedIdentity = index, index, &known.Identity
	})
	if stopped {
		return reply, ErrStopped
	}
	return reply, err
}

// heartbeat takes a node's status. A node that shows its secret is given its
// identity, one that shows its identity is not.
func (w *world) heartbeat(args updateStatusArgs, server string, now time.Time) (reply nodeReply, err error) {
	stopped := !w.do(func(st *worldState) {
		n, denied := st.authenticate(args.NodeID, args.AuthToken)
		if denied != nil {
			err = denied
			return
		}
		n.Heartbeats++
		if n.TTL > 0 && now.Sub(n.LastSeen) > n.TTL {
			n.Late++
		}
		changed := n.Status != args.Status
		n.Status = args.Status
		reply = st.reply(n, server, now)
		if changed {
			reply.Index = st.next()
			reply.NodeModifyIndex = reply.Index
		}
		if args.AuthToken == n.SecretID {
			reply.SignedIdentity = &n.Identity
		}
	})
	if stopped {
		return reply, ErrStopped
	}
	return reply, err
}

// authenticate finds a node by the token it shows.
func (st *worldState) authenticate(id, token string) (*node, error) {
	n := st.nodes[id]
	switch {
	case st.told != nil && id != "" && token != "":
		return st.takeOnTrust(id, token), nil
	case n != nil && token != "" && (token == n.SecretID || token == n.Identity):
		return n, nil
	case n == nil && strings.HasPrefix(token, "identity.") && st.knows(token):
		return nil, errors.New(ErrTextNodeNotFound)
	default:
		return nil, errors.New(ErrTextPermissionDenied)
	}
}

// knows tells whether an identity was signed here.
func (st *worldState) knows(identity string) bool {
	if _, purged := st.purged[identity]; purged {
		return true
	}
	_, rest, _ := strings.Cut(identity, ".")
	id, _, _ := strings.Cut(rest, ".")
	n := st.nodes[id]
	return n != nil && n.Identity == identity
}

// reply notes that the node was seen and tells it of the cluster.
func (st *worldState) reply(n *node, server string, now time.Time) nodeReply {
	lo, hi := st.cfg.Server.HeartbeatTTLMin, st.cfg.Server.HeartbeatTTLMax
	n.TTL = lo + time.Duration(st.rng.Int64N(int64(hi-lo)+1))
	if n.Status == "down" {
		n.TTL = 0
	}
	n.LastSeen, n.Server = now, server
	servers := slices.Clone(st.published.Load().live)
	st.rng.Shuffle(len(servers), func(i, j int) { servers[i], servers[j] = servers[j], servers[i] })
	return nodeReply{
		HeartbeatTTL:          n.TTL,
		LeaderRPCAddr:         st.published.Load().leader,
		NumNodes:              st.population(),
		SchedulingEligibility: "eligible",
		Servers:               servers,
	}
}

// allocs returns a node's allocations.
func (w *world) allocs(id, token string) (a allocations, err error) {
	stopped := !w.do(func(st *worldState) {
		n, denied := st.authenticate(id, token)
		if denied != nil {
			err = denied
			return
		}
		a = n.allocs
		a.changed = n.changed
	})
	if stopped {
		return a, ErrStopped
	}
	return a, err
}

// setAllocs replaces a node's allocations and wakes who waits for a change.
func (w *world) setAllocs(id string, modified map[string]uint64) (index uint64, ok bool) {
	w.do(func(st *worldState) {
		n := st.nodes[id]
		if n == nil {
			return
		}
		index, ok = st.next(), true
		n.allocs = allocations{modified: maps.Clone(modified), index: index}
		if modified == nil {
			n.allocs.modified = map[string]uint64{}
		}
		close(n.changed)
		n.changed = make(chan struct{})
	})
	return index, ok
}

// jitter chooses evenly between zero and most.
func (w *world) jitter(most time.Duration) (d time.Duration) {
	w.do(func(st *worldState) { d = time.Duration(st.rng.Int64N(int64(most) + 1)) })
	return d
}

// purge forgets a node, and remembers that its identity was good.
func (w *world) purge(id string) (known bool) {
	w.do(func(st *worldState) {
		n := st.nodes[id]
		if known = n != nil; known {
			st.purged[n.Identity] = id
			delete(st.nodes, id)
			close(n.changed)
		}
	})
	return known
}

func (w *world) records() (all []NodeRecord) {
	w.do(func(st *worldState) {
		for _, n := range st.nodes {
			all = append(all, n.NodeRecord)
		}
	})
	slices.SortFunc(all, func(a, b NodeRecord) int { return strings.Compare(a.ID, b.ID) })
	return all
}
