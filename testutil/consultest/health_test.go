package consultest

import (
	"encoding/json"
	"testing"
)

func TestConsulTellsOfTheChecksOfAnInstance(t *testing.T) {
	c := start(t, Config{})
	c.SetServices("dc1",
		Service{Node: "a", NodeAddress: "10.0.0.1", Address: "10.1.0.1", Port: 4647},
		Service{Node: "b", NodeAddress: "10.0.0.2", Port: 4648, Status: "critical"},
		Service{Node: "c", Port: 4649, Status: "maintenance"},
		Service{Node: "d", Port: 80, Service: "web"})
	type entry struct {
		Node    struct{ Node, Address string }
		Service struct {
			Service, Address string
			Port             int
		}
		Checks []struct{ CheckID, Status string }
	}
	list := func(path string) (entries []entry) {
		t.Helper()
		text, resp := read(t, c, path, "")
		if err := json.Unmarshal([]byte(text), &entries); err != nil || resp.Header.Get("X-Consul-Index") == "" {
			t.Fatalf("%v: %s", err, text)
		}
		return entries
	}
	all := list("/v1/health/service/nomad?tag=rpc")
	if len(all) != 3 || len(list("/v1/health/service/nomad?passing")) != 1 {
		t.Fatalf("%+v", all)
	}
	if a := all[0]; a.Node.Address != "10.0.0.1" || a.Service.Address != "10.1.0.1" || a.Service.Port != 4647 || a.Service.Service != "nomad" {
		t.Errorf("%+v", a)
	}
	for i, want := range []struct{ id, status string }{
		{"_nomad-check-_nomad-server-a-nomad-4647", "passing"},
		{"_nomad-check-_nomad-server-b-nomad-4648", "critical"},
		{"_service_maintenance:_nomad-server-c-nomad-4649", "critical"},
	} {
		if got := all[i].Checks; len(got) != 2 || got[0].CheckID != "serfHealth" || got[1].CheckID != want.id || got[1].Status != want.status {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
