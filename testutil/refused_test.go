package testutil

import (
	"strings"
	"testing"
)

// with returns a copy of a request in which a field has another value; nil: is
// left out. A path leads into the node of a registration.
func with(request dict, path string, v any) dict {
	field, rest, deep := strings.Cut(path, ".")
	out := dict{}
	for k, old := range request {
		out[k] = old
	}
	switch {
	case deep:
		out[field] = with(request[field].(dict), rest, v)
	case v == nil:
		delete(out, field)
	default:
		out[field] = v
	}
	return out
}

// registered returns the identity that a node is given.
func identityOf(t *testing.T, s *rpcStream, name string) string {
	t.Helper()
	var reply nodeReply
	if err := s.call("Node.Register", registration(name), &reply); err != nil || reply.SignedIdentity == nil {
		t.Fatalf("%+v, %v", reply, err)
	}
	return *reply.SignedIdentity
}

// What golden refused_arguments does not show: which check comes first, the same
// through a follower, and the calls it does not make. The order is that of Nomad
// 2.0.6, nomad/node_endpoint.go.
func TestRequestsAreRefusedInTheOrderOfTheChecks(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	leader, follower := dial(t, cluster.Server(0).Addr()), dial(t, cluster.Server(1).Addr())
	setup := leader.open(modeRPC)
	a, b := identityOf(t, setup, "a"), identityOf(t, setup, "b")
	gone := identityOf(t, setup, "gone")
	cluster.Purge(NodeID("gone"))
	reg, beat := registration("new"), with(heartbeat("a"), "AuthToken", a)
	query := dict{"Region": "global", "NodeID": NodeID("a"), "AuthToken": a}
	update := dict{"Region": "global", "AuthToken": a, "Alloc": []dict{{"ID": NodeID("alloc"), "NodeID": NodeID("a")}}}
	for _, tc := range []struct {
		method string
		args   dict
		want   string // a + in front: the same text through a follower
	}{
		{"Node.Register", with(with(reg, "Region", "mars"), "AuthToken", "garbage"), "+" + ErrTextNoRegionPath},
		{"Node.Register", with(with(reg, "Region", nil), "Node", nil), "+" + ErrTextMissingRegion},
		{"Node.Register", with(with(reg, "AuthToken", "garbage"), "Node", nil), ErrTextPermissionDenied},
		{"Node.Register", with(with(reg, "AuthToken", NodeID("nobody's secret")), "Node.ID", ""), ErrTextPermissionDenied},
		{"Node.Register", with(reg, "Node", nil), ErrTextMissingNode},
		{"Node.Register", with(with(reg, "Node.ID", ""), "Node.Datacenter", ""), "missing node ID for client registration"},
		{"Node.Register", with(with(reg, "Node.Datacenter", ""), "Node.Name", ""), "missing datacenter for client registration"},
		{"Node.Register", with(with(reg, "Node.Name", ""), "Node.Attributes", nil), "missing node name for client registration"},
		{"Node.Register", with(with(reg, "Node.Attributes", nil), "Node.SecretID", ""), "missing attributes for client registration"},
		{"Node.Register", with(with(reg, "Node.SecretID", ""), "Node.Status", "bogus"), "missing node secret ID for client registration"},
		{"Node.Register", with(with(reg, "Node.Status", "bogus"), "Node.ID", "x"), ErrTextBadStatus},
		{"Node.Register", with(reg, "Node.ID", "x"), ErrTextNoUUID},
		{"Node.Register", with(reg, "Node.ID", "e08170cf-d9af-4f77-a44a-a715e92875eg"), "node lookup failed: index error: Invalid UUID: encoding/hex: invalid byte: U+0067 'g'"},
		{"Node.Register", with(registration("a"), "Node.SecretID", "other"), ErrTextSecretMismatch},
		{"Node.UpdateStatus", with(with(beat, "NodeID", NodeID("b")), "Status", "bogus"), ErrTextPermissionDenied},
		{"Node.UpdateStatus", with(beat, "AuthToken", b), ErrTextPermissionDenied},
		{"Node.UpdateStatus", with(beat, "AuthToken", "secret-b"), ErrTextPermissionDenied},
		{"Node.UpdateStatus", with(beat, "AuthToken", a[:len(a)-2]), ErrTextPermissionDenied},
		{"Node.UpdateStatus", with(with(beat, "AuthToken", nil), "NodeID", nil), "missing node ID for client status update"},
		{"Node.UpdateStatus", with(beat, "Status", nil), ErrTextBadStatus},
		{"Node.UpdateStatus", with(with(with(beat, "AuthToken", gone), "NodeID", NodeID("gone")), "Status", "bogus"), ErrTextBadStatus},
		{"Node.UpdateStatus", with(with(beat, "AuthToken", gone), "NodeID", NodeID("gone")), ErrTextNodeNotFound},
		{"Node.GetClientAllocs", with(with(query, "AuthToken", nil), "NodeID", nil), ErrTextPermissionDenied},
		{"Node.GetClientAllocs", with(query, "NodeID", nil), ErrTextMissingNodeID},
		{"Node.GetClientAllocs", with(query, "NodeID", "x"), ErrTextNoUUID},
		{"Node.GetClientAllocs", with(query, "NodeID", NodeID("b")), ErrTextPermissionDenied},
		{"Node.GetClientAllocs", with(with(query, "AuthToken", gone), "NodeID", NodeID("gone")), ""},
		{"Node.UpdateAlloc", with(with(update, "AuthToken", nil), "Alloc", nil), ErrTextPermissionDenied},
		{"Node.UpdateAlloc", with(update, "Alloc", nil), "must update at least one allocation"},
		{"Node.UpdateAlloc", with(update, "Alloc", []dict{{}}), ErrTextMissingNodeID},
		{"Node.UpdateAlloc", with(update, "Alloc", []dict{{"NodeID": NodeID("nobody")}}), "node " + NodeID("nobody") + " not found"},
		{"Node.UpdateAlloc", with(update, "Alloc", []dict{{"NodeID": NodeID("b")}}), ErrTextPermissionDenied},
		{"Node.UpdateAlloc", with(update, "Evals", []dict{{}}), "evals field must not be set"},
		{"Node.UpdateAlloc", update, ""},
		{"Node.Deregister", with(query, "NodeID", nil), "missing node ID for client deregistration"},
		{"Node.Deregister", with(query, "NodeID", NodeID("nobody")), ErrTextNodeNotFound},
		{"Node.GetNode", with(query, "NodeID", nil), ErrTextMissingNodeID},
		{"Node.GetNode", with(query, "NodeID", NodeID("nobody")), ""},
		{"Status.HasNodeConn", dict{}, "+Must provide the NodeID"},
		{"Status.Ping.X", dict{}, "+rpc: can't find service Status.Ping.X"},
		{"Status.", dict{}, "+rpc: can't find method Status."},
		{".Ping", dict{}, "+rpc: can't find service .Ping"},
		{"NoDot", dict{}, "+rpc: service/method request ill-formed: NoDot"},
	} {
		for hops, c := range []*client{leader, follower} {
			want, local := strings.CutPrefix(tc.want, "+")
			if want != "" && !local {
				want = ErrTextHops(hops, want)
			}
			got := ""
			if err := c.open(modeRPC).call(tc.method, tc.args, nil); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%s %v, %d hops: %q, want %q", tc.method, tc.args, hops, got, want)
			}
		}
	}
}

func TestNodesThatAreGivenAnIdentity(t *testing.T) {
	stream := dial(t, start(t, ServerConfig{}).Addr()).open(modeRPC)
	identity := identityOf(t, stream, "a")
	reg, beat := registration("a"), heartbeat("a")
	byIdentity := with(beat, "AuthToken", identity)
	for _, tc := range []struct {
		reason string
		method string
		args   dict
		given  bool
	}{
		{"it shows none", "Node.Register", reg, true},
		{"it shows its secret", "Node.Register", with(reg, "AuthToken", "secret-a"), true},
		{"it has one that fits", "Node.Register", with(reg, "AuthToken", identity), false},
		{"it moved to another datacenter", "Node.Register", with(with(reg, "AuthToken", identity), "Node.Datacenter", "dc2"), true},
		{"it says no version", "Node.Register", with(reg, "Node.Attributes", dict{"a": "b"}), false},
		{"its version is too old", "Node.Register", with(reg, "Node.Attributes", dict{"nomad.version": "1.10.5"}), false},
		{"its version is no version", "Node.Register", with(reg, "Node.Attributes", dict{"nomad.version": "new"}), false},
		{"a beta will do", "Node.Register", with(reg, "Node.Attributes", dict{"nomad.version": "1.11.0-beta.1"}), true},
		{"a heartbeat with the secret", "Node.UpdateStatus", beat, true},
		{"one with the identity", "Node.UpdateStatus", byIdentity, false},
		{"one that asks for it", "Node.UpdateStatus", with(byIdentity, "ForceIdentityRenewal", true), true},
	} {
		var reply nodeReply
		if err := stream.call(tc.method, tc.args, &reply); err != nil || (reply.SignedIdentity != nil) != tc.given {
			t.Errorf("%s: %v, %v", tc.reason, reply.SignedIdentity, err)
		}
	}
}

func TestANodeWithAllocationsMustTellOfThemBeforeItIsReady(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	identity := identityOf(t, stream, "a")
	s.SetAllocs(NodeID("a"), map[string]uint64{"x": 1})
	for _, want := range []string{statusInit, statusReady} {
		if err := stream.call("Node.UpdateStatus", heartbeat("a"), nil); err != nil || s.Nodes()[0].Status != want {
			t.Errorf("%s, %v; want %s", s.Nodes()[0].Status, err, want)
		}
		if err := stream.call("Node.UpdateAlloc", dict{
			"Region": "global", "AuthToken": identity, "Alloc": []dict{{"ID": "x", "NodeID": NodeID("a")}},
		}, nil); err != nil {
			t.Fatal(err)
		}
	}
}
