package heartbeat_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
)

func TestAConfigThatCannotWorkIsRefusedWithItsValue(t *testing.T) {
	f := newFakes(grants(ttl))
	p := overFakes(t, f)
	var none *heartbeat.Node
	bad := func(change func(*heartbeat.Node)) heartbeat.Node {
		n := aNode()
		change(&n)
		return n
	}
	for name, c := range map[string]struct {
		cfg   heartbeat.Config
		field string
		says  string
	}{
		"no proxy":                 {heartbeat.Config{Node: aNode()}, "Proxy", "nil"},
		"no node":                  {heartbeat.Config{Proxy: p}, "Node", "<nil>"},
		"a nil pointer":            {heartbeat.Config{Proxy: p, Node: none}, "Node", "*heartbeat.Node"},
		"a node that is a number":  {heartbeat.Config{Proxy: p, Node: 5}, "Node", "int"},
		"a map of numbers":         {heartbeat.Config{Proxy: p, Node: map[int]string{1: "a"}}, "Node", "map[int]string"},
		"a node without an ID":     {heartbeat.Config{Proxy: p, Node: bad(func(n *heartbeat.Node) { n.ID = "" })}, "NodeID", `""`},
		"an ID that is no UUID":    {heartbeat.Config{Proxy: p, Node: bad(func(n *heartbeat.Node) { n.ID = "node-7" })}, "NodeID", `"node-7"`},
		"an ID with a bad dash":    {heartbeat.Config{Proxy: p, Node: bad(func(n *heartbeat.Node) { n.ID = nodeID[:8] + "x" + nodeID[9:] })}, "NodeID", "x"},
		"another ID than the node": {heartbeat.Config{Proxy: p, Node: aNode(), NodeID: secretID}, "NodeID", nodeID},
		"a secret that is no UUID": {heartbeat.Config{Proxy: p, Node: dict{"ID": nodeID}, SecretID: "hunter2"}, "SecretID", "7 characters"},
		"another secret":           {heartbeat.Config{Proxy: p, Node: aNode(), SecretID: nodeID}, "SecretID", "36 characters"},
		"a status that is none":    {heartbeat.Config{Proxy: p, Node: aNode(), Status: "fine"}, "Status", `"fine"`},
	} {
		h, err := heartbeat.Start(c.cfg)
		config, ok := errors.AsType[*heartbeat.ConfigError](err)
		if !ok || h != nil || config.Field != c.field || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || c.field == "SecretID" && strings.Contains(err.Error(), secretID)) {
			t.Errorf("%s: the secret is in the error", name)
		}
	}
}

func TestAnyValueThatDescribesANodeIsAccepted(t *testing.T) {
	f := newFakes(grants(ttl))
	p := overFakes(t, f)
	type base struct{ ID, SecretID string }
	type embedding struct {
		*base
		Name string
	}
	n := aNode()
	type key string
	for name, cfg := range map[string]heartbeat.Config{
		"a pointer":              {Node: &n},
		"a map":                  {Node: dict{"ID": nodeID, "SecretID": secretID}},
		"a map of a named key":   {Node: map[key]string{"ID": nodeID, "SecretID": secretID}},
		"no ID inside":           {Node: struct{ A int }{1}, NodeID: nodeID, SecretID: secretID},
		"the same ID twice":      {Node: aNode(), NodeID: nodeID, SecretID: secretID},
		"an embedded nil":        {Node: embedding{}, NodeID: nodeID, SecretID: secretID},
		"an ID in capitals":      {Node: struct{ A int }{1}, NodeID: strings.ToUpper(nodeID), SecretID: secretID},
		"embedded, not exported": {Node: embedding{base: &base{nodeID, secretID}}},
	} {
		cfg.Proxy = p
		h, err := heartbeat.Start(cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		stops(t, h)
	}
}
