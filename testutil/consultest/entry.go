package consultest

import (
	"crypto/sha256"
	"fmt"
)

// catalogEntry is an instance in an answer of /v1/catalog/service.
type catalogEntry struct {
	ID                       string
	Node                     string
	Address                  string
	Datacenter               string
	TaggedAddresses          map[string]string
	NodeMeta                 map[string]string
	ServiceKind              string
	ServiceID                string
	ServiceName              string
	ServiceTags              []string
	ServiceAddress           string
	ServiceTaggedAddresses   map[string]taggedAddress `json:",omitempty"`
	ServiceWeights           struct{ Passing, Warning int }
	ServiceMeta              map[string]string
	ServicePort              int
	ServiceSocketPath        string
	ServiceEnableTagOverride bool
	ServiceProxy             struct {
		Mode        string
		MeshGateway struct{}
		Expose      struct{}
	}
	ServiceConnect struct{}
	CreateIndex    uint64
	ModifyIndex    uint64
}

type taggedAddress struct {
	Address string
	Port    int
}

// entry is s, whose defaults are filled in, as a datacenter lists it.
func (s Service) entry(datacenter string, index uint64) catalogEntry {
	e := catalogEntry{
		ID:              uuid(datacenter + "/" + s.Node),
		Node:            s.Node,
		Address:         s.NodeAddress,
		Datacenter:      datacenter,
		TaggedAddresses: map[string]string{"lan": s.NodeAddress, "lan_ipv4": s.NodeAddress, "wan": s.NodeAddress, "wan_ipv4": s.NodeAddress},
		NodeMeta:        map[string]string{"consul-network-segment": ""},
		ServiceID:       fmt.Sprintf("_nomad-server-%s-%s-%d", s.Node, s.Service, s.Port),
		ServiceName:     s.Service,
		ServiceTags:     s.Tags,
		ServiceAddress:  s.Address,
		ServiceMeta:     map[string]string{"external-source": "nomad"},
		ServicePort:     s.Port,
		CreateIndex:     index,
		ModifyIndex:     index,
	}
	e.ServiceWeights.Passing, e.ServiceWeights.Warning = 1, 1
	if s.Address != "" {
		its := taggedAddress{Address: s.Address, Port: s.Port}
		e.ServiceTaggedAddresses = map[string]taggedAddress{"lan_ipv4": its, "wan_ipv4": its}
	}
	if s.WAN != "" {
		if e.ServiceTaggedAddresses == nil {
			e.ServiceTaggedAddresses = map[string]taggedAddress{}
		}
		e.ServiceTaggedAddresses["wan"] = taggedAddress{Address: s.WAN, Port: s.Port}
		e.TaggedAddresses["wan"] = s.WAN
	}
	return e
}

// uuid is the same for the same name.
func uuid(name string) string {
	b := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
