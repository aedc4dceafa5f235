package testutil

import (
	"errors"
)

// bearer is the node that shows a token. Without a token it is the zero value.
type bearer struct {
	nodeID   string
	bySecret bool   // the token is the node's secret
	claims   claims // of an identity
}

// resolve returns the bearer of a token: a node's secret, or an identity, which
// stays good when its node has been forgotten.
func (st *worldState) resolve(token string) (caller bearer, err error) {
	if token == "" {
		return caller, nil
	}
	if id, ok := st.secrets[token]; ok {
		return bearer{nodeID: id, bySecret: true}, nil
	}
	if c, ok := st.signer.verify(token); ok {
		return bearer{nodeID: c.NodeID, claims: c}, nil
	}
	return caller, errors.New(ErrTextPermissionDenied)
}

// authorize refuses every bearer but the node itself.
func (st *worldState) authorize(nodeID, token string) (caller bearer, err error) {
	caller, err = st.resolve(token)
	switch {
	case st.picture != nil && nodeID != "" && token != "" && (err != nil || st.nodes[nodeID] == nil):
		st.takeOnTrust(nodeID, token)
		caller, err = bearer{nodeID: nodeID}, nil
	case err == nil && caller.nodeID != nodeID:
		err = errors.New(ErrTextPermissionDenied)
	}
	return caller, err
}

// wantsIdentity reports whether a registration of the node by the bearer is answered
// with an identity: the bearer shows none, or one that no longer fits.
func (b bearer) wantsIdentity(n *registeredNode) bool {
	return b.claims.NodeID == "" || b.claims.Datacenter != n.Datacenter || b.claims.Pool != n.NodePool
}

// mayQuery reports whether a node may ask for its allocations, and is registered.
func (w *world) mayQuery(nodeID, token string) (known bool, err error) {
	stopped := !w.do(func(st *worldState) { known, err = st.mayQuery(nodeID, token) })
	if stopped {
		return false, ErrStopped
	}
	return known, err
}

func (st *worldState) mayQuery(nodeID, token string) (known bool, err error) {
	if _, err := st.resolve(token); token == "" || err != nil && st.picture == nil {
		return false, errors.New(ErrTextPermissionDenied)
	}
	if nodeID == "" {
		return false, errors.New(ErrTextMissingNodeID)
	}
	if err := checkID(nodeID); err != nil {
		return false, err
	}
	if _, err := st.authorize(nodeID, token); err != nil {
		return false, err
	}
	return st.nodes[nodeID] != nil, nil
}

// takeOnTrust enters the node if it is not known yet.
func (st *worldState) takeOnTrust(id, token string) {
	if st.nodes[id] != nil {
		return
	}
	n := &node{changed: make(chan struct{}), allocs: noAllocs, trusted: true}
	n.ID, n.SecretID, n.Identity, n.Status = id, token, token, statusReady
	st.nodes[id] = n
	st.arrived()
}

func (st *worldState) trusts(n *node) bool { return st.picture != nil && n.trusted }
