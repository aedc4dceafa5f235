package testutil

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// register enters a node, or finds it again. Reached reports whether the node
// got through the checks that a server makes before it notes the node's connection.
func (w *world) register(args registerArgs, server string) (reply nodeReply, reached bool, err error) {
	now := time.Now()
	if stopped := !w.do(func(st *worldState) { reply, reached, err = st.register(args, server, now) }); stopped {
		return reply, false, ErrStopped
	}
	return reply, reached, err
}

func (st *worldState) register(args registerArgs, server string, now time.Time) (reply nodeReply, reached bool, err error) {
	caller, err := st.resolve(args.AuthToken)
	if err != nil && st.picture == nil {
		return reply, false, err
	}
	if err := args.validate(); err != nil {
		return reply, false, err
	}
	n := args.Node
	if n.Status == "" {
		n.Status = statusInit
	}
	if !validStatus(n.Status) {
		return reply, false, errors.New(ErrTextBadStatus)
	}
	if err := checkID(n.ID); err != nil {
		return reply, false, err
	}
	if n.NodePool == "" {
		n.NodePool = "default"
	}
	known := st.nodes[n.ID]
	if known != nil && !known.trusted && known.SecretID != n.SecretID {
		return reply, false, errors.New(ErrTextSecretMismatch)
	}
	signs := meets(n.Attributes, 1, 11) && caller.wantsIdentity(n)
	if signs && now.Before(st.keyringAt) {
		return reply, true, errors.New(ErrTextNoKeyring)
	}
	if err := st.refusal(); err != nil {
		return reply, true, err
	}
	index := st.next()
	if known == nil {
		known = &node{changed: make(chan struct{}), created: index, allocs: noAllocs}
		known.ID, known.Status = n.ID, n.Status
		st.nodes[n.ID] = known
		st.arrived()
	}
	delete(st.secrets, known.SecretID)
	st.secrets[n.SecretID] = n.ID
	known.SecretID, known.trusted = n.SecretID, false
	known.Name, known.Datacenter = n.Name, n.Datacenter
	known.pool, known.class, known.attributes = n.NodePool, n.NodeClass, n.Attributes
	known.modified = index
	known.Registers++
	st.tell(known, "NodeRegistration")
	reply = st.reply(known, server, now)
	reply.Index, reply.NodeModifyIndex = index, index
	if signs {
		identity := st.signer.sign(known, st.rng, now)
		known.Identity, reply.SignedIdentity = identity, &identity
	}
	return reply, true, nil
}

// validate looks at the fields in the order in which a real server does.
func (a registerArgs) validate() error {
	what := ""
	switch n := a.Node; {
	case n == nil:
		return errors.New(ErrTextMissingNode)
	case n.ID == "":
		what = "node ID"
	case n.Datacenter == "":
		what = "datacenter"
	case n.Name == "":
		what = "node name"
	case len(n.Attributes) == 0:
		what = "attributes"
	case n.SecretID == "":
		what = "node secret ID"
	default:
		return nil
	}
	return errors.New("missing " + what + " for client registration")
}

// heartbeat takes a node's status. A node that shows its secret is given an
// identity, one that shows its identity is not, unless it asks for one.
func (w *world) heartbeat(args updateStatusArgs, server string, now time.Time) (reply nodeReply, reached bool, err error) {
	if stopped := !w.do(func(st *worldState) { reply, reached, err = st.heartbeat(args, server, now) }); stopped {
		return reply, false, ErrStopped
	}
	return reply, reached, err
}

func (st *worldState) heartbeat(args updateStatusArgs, server string, now time.Time) (reply nodeReply, reached bool, err error) {
	caller, err := st.authorize(args.NodeID, args.AuthToken)
	if err != nil {
		return reply, false, err
	}
	n := st.nodes[args.NodeID]
	switch {
	case args.NodeID == "":
		return reply, false, errors.New("missing node ID for client status update")
	case !validStatus(args.Status):
		return reply, false, errors.New(ErrTextBadStatus)
	case n == nil:
		return reply, false, errors.New(ErrTextNodeNotFound)
	}
	status := n.after(args.Status)
	changed := n.Status != status
	if err := st.refusal(); changed && err != nil {
		return reply, true, err
	}
	n.Heartbeats++
	if n.TTL > 0 && now.Sub(n.LastSeen) > n.TTL && now.After(st.electedAt.Add(st.cfg.FailoverTTL)) {
		n.Late++
	}
	n.Status = status
	reply = st.reply(n, server, now)
	if changed {
		n.modified = st.next()
		reply.Index, reply.NodeModifyIndex = n.modified, n.modified
		st.tell(n, "NodeStreamEvent")
	}
	if meets(n.attributes, 1, 11) && (caller.bySecret || args.ForceIdentityRenewal) {
		identity := "" // what a server without a keyring sends
		if !now.Before(st.keyringAt) {
			identity = st.signer.sign(n, st.rng, now)
		}
		n.Identity, reply.SignedIdentity = identity, &identity
	}
	return reply, true, nil
}

// reply notes that the node was seen and tells it of the cluster.
func (st *worldState) reply(n *node, server string, now time.Time) nodeReply {
	lo, hi := st.cfg.Server.HeartbeatTTLMin, st.cfg.Server.HeartbeatTTLMax
	n.TTL = lo + time.Duration(st.rng.Int64N(int64(hi-lo)+1))
	if n.Status == statusDown {
		n.TTL = 0
	}
	n.LastSeen, n.Server = now, server
	known := st.published.Load()
	servers := slices.Clone(known.live)
	for i := range servers {
		servers[i].RPCAdvertiseAddr = known.told(servers[i].RPCAdvertiseAddr)
	}
	st.rng.Shuffle(len(servers), func(i, j int) { servers[i], servers[j] = servers[j], servers[i] })
	return nodeReply{
		HeartbeatTTL:          n.TTL,
		LeaderRPCAddr:         known.told(known.leader),
		NumNodes:              st.population(),
		SchedulingEligibility: "eligible",
		Servers:               servers,
	}
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

// view returns a node as the API shows it, and the index of the answer.
func (w *world) view(id string) (view *nodeView, index uint64, err error) {
	stopped := !w.do(func(st *worldState) {
		if err = checkID(id); err != nil {
			return
		}
		index = st.index
		if n := st.nodes[id]; n != nil {
			view, index = n.view(st.signer.kid), n.modified
		}
	})
	if stopped {
		return nil, 0, ErrStopped
	}
	return view, index, err
}
