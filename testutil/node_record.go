package testutil

import (
	"time"
)

// node is one registered node. It belongs to the world's owner.
type node struct {
	NodeRecord
	attributes    map[string]string
	pool, class   string
	created       uint64 // index
	modified      uint64 // index
	trusted       bool   // a puppet took it for registered
	allocs        allocations
	allocsUpdated bool
	changed       chan struct{} // closed when the allocations change
}

// NodeRecord is the cluster's record of a registered node.
type NodeRecord struct {
	ID, SecretID, Identity string
	Name, Datacenter       string
	Status                 string        // as last reported: "initializing" before the first heartbeat
	Registers              int           // successful registrations
	Heartbeats             int           // successful heartbeats
	Late                   int           // heartbeats that came after the granted TTL was over
	TTL                    time.Duration // as granted last
	LastSeen               time.Time     // of the last heartbeat or registration
	Server                 string        // the server it last spoke to
}

func validStatus(s string) bool {
	return s == statusInit || s == statusReady || s == statusDown || s == statusDisconnected
}

const (
	statusInit         = "initializing"
	statusReady        = "ready"
	statusDown         = "down"
	statusDisconnected = "disconnected"
)

// after is the status that follows when the node reports this one. A node with
// allocations must have reported them before it is ready, and one that
// was disconnected begins anew.
func (n *node) after(reported string) string {
	waits := n.Status == statusInit && len(n.allocs.modified) > 0 && !n.allocsUpdated
	if reported == statusReady && (waits || n.Status == statusDisconnected) {
		return statusInit
	}
	return reported
}

// allocations is the picture of a node's work that a blocking query waits for.
type allocations struct {
	modified map[string]uint64 // never changed, only replaced
	index    uint64
	changed  <-chan struct{}
}

var noAllocs = allocations{modified: map[string]uint64{}, index: 1}
