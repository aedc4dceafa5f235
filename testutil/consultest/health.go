package consultest

// healthEntry is an instance in an answer of /v1/health/service.
type healthEntry struct {
	Node    healthNode
	Service healthService
	Checks  []healthCheck
}

type healthNode struct {
	ID              string
	Node            string
	Address         string
	Datacenter      string
	TaggedAddresses map[string]string
	Meta            map[string]string
	CreateIndex     uint64
	ModifyIndex     uint64
}

type healthService struct {
	ID                string
	Service           string
	Tags              []string
	Address           string
	TaggedAddresses   map[string]taggedAddress `json:",omitempty"`
	Meta              map[string]string
	Port              int
	Weights           struct{ Passing, Warning int }
	EnableTagOverride bool
	CreateIndex       uint64
	ModifyIndex       uint64
}

type healthCheck struct {
	Node        string
	CheckID     string
	Name        string
	Status      string
	Notes       string
	Output      string
	ServiceID   string
	ServiceName string
	ServiceTags []string
	Type        string
	Definition  struct{}
	CreateIndex uint64
	ModifyIndex uint64
}

// health is s, whose defaults are filled in, as a datacenter lists it with its checks:
// that of the node, and that of the port for RPC, as Nomad registers it.
func (s Service) health(datacenter string, index uint64) healthEntry {
	e := s.entry(datacenter, index)
	h := healthEntry{
		Node: healthNode{
			ID: e.ID, Node: e.Node, Address: e.Address, Datacenter: datacenter,
			TaggedAddresses: e.TaggedAddresses, Meta: e.NodeMeta, CreateIndex: index, ModifyIndex: index,
		},
		Service: healthService{
			ID: e.ServiceID, Service: e.ServiceName, Tags: e.ServiceTags, Address: e.ServiceAddress,
			TaggedAddresses: e.ServiceTaggedAddresses, Meta: e.ServiceMeta, Port: e.ServicePort,
			Weights: e.ServiceWeights, CreateIndex: index, ModifyIndex: index,
		},
		Checks: []healthCheck{{
			Node: e.Node, CheckID: "serfHealth", Name: "Serf Health Status", Status: "passing",
			Output: "Agent alive and reachable", ServiceTags: []string{}, CreateIndex: index, ModifyIndex: index,
		}},
	}
	check := healthCheck{
		Node: e.Node, CheckID: "_nomad-check-" + e.ServiceID, Name: "Nomad Server RPC Check", Status: s.Status,
		ServiceID: e.ServiceID, ServiceName: e.ServiceName, ServiceTags: e.ServiceTags, Type: "tcp",
		CreateIndex: index, ModifyIndex: index,
	}
	if s.Status == "maintenance" {
		check.CheckID, check.Name, check.Status = "_service_maintenance:"+e.ServiceID, "Service Maintenance Mode", "critical"
	}
	if s.Status == "node maintenance" {
		check.Status = "passing"
		h.Checks = append(h.Checks, healthCheck{
			Node: e.Node, CheckID: "_node_maintenance", Name: "Node Maintenance Mode", Status: "critical",
			Notes: "Maintenance mode is enabled for this node, but no reason was provided.", ServiceTags: []string{}, Type: "maintenance",
			CreateIndex: index, ModifyIndex: index,
		})
	}
	h.Checks = append(h.Checks, check)
	return h
}
