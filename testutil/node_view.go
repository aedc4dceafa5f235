package testutil

import "time"

// nodeView is a node as reads and events show it: every field that a real server
// sends is there (golden event_stream), most are empty.
type nodeView struct {
	Attributes               map[string]string
	CSIControllerPlugins     map[string]any
	CSINodePlugins           map[string]any
	CgroupParent             string
	ComputedClass            string
	CreateIndex              uint64
	Datacenter               string
	Drain                    bool
	DrainStrategy            any
	Drivers                  map[string]any
	Events                   []nodeEvent
	GCVolumesOnNodeGC        bool
	HTTPAddr                 string
	HostNetworks             map[string]any
	HostVolumes              map[string]any
	ID                       string
	IdentitySigningKeyID     string
	LastAllocUpdateIndex     uint64
	LastDrain                any
	LastMissedHeartbeatIndex uint64
	Links                    map[string]string
	Meta                     map[string]string
	ModifyIndex              uint64
	Name                     string
	NodeClass                string
	NodeMaxAllocs            int
	NodePool                 string
	NodeResources            any
	ReservedResources        any
	SchedulingEligibility    string
	SecretID                 string
	Status                   string
	StatusDescription        string
	StatusUpdatedAt          int64
	TLSEnabled               bool
}

type nodeEvent struct {
	CreateIndex        uint64
	Details            map[string]string
	Message, Subsystem string
	Timestamp          time.Time
}

func (n *node) view(kid string) *nodeView {
	v := &nodeView{
		Attributes: n.attributes, CreateIndex: n.created, Datacenter: n.Datacenter,
		Events:      []nodeEvent{{Message: "Node registered", Subsystem: "Cluster", Timestamp: n.LastSeen.UTC().Truncate(time.Second)}},
		ID:          n.ID,
		ModifyIndex: n.modified, Name: n.Name, NodeClass: n.class, NodePool: n.pool,
		SchedulingEligibility: "eligible", Status: n.Status, StatusUpdatedAt: n.LastSeen.Unix(),
	}
	if n.Identity != "" {
		v.IdentitySigningKeyID = kid
	}
	return v
}
