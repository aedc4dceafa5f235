package main

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestOrdersArriveAsTheyWereGiven(t *testing.T) {
	on := true
	given := []order{
		{Picture: &testutil.Picture{Leader: "s1", NumNodes: 3}},
		{Reach: &reach{Call: []string{"a", "b"}, Follow: []string{"b"}}},
		{Rebalance: true},
		{Write: &on},
		{},
	}
	var lines strings.Builder
	for _, o := range given {
		line, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	var got []order
	obey(t.Context(), strings.NewReader(lines.String()), func(o order) { got = append(got, o) })
	if !reflect.DeepEqual(got, given) {
		t.Errorf("are %+v", got)
	}
}

func TestAHeartbeatChangesTheStatusOnlyIfOrdered(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var s statuses
	next := func() string { return s.next() + " " + s.next() + " " + s.next() }
	if got := next(); got != "ready ready ready" {
		t.Errorf("without an order: %s", got)
	}
	orders, moved, ended := make(chan order), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		carryOut(ctx, orders, &s, func() { moved <- struct{}{} })
	}()
	on, off := true, false
	orders <- order{Write: &on}
	orders <- order{Rebalance: true} // it is carried out after the one before
	<-moved
	if got := next(); got != "initializing ready initializing" {
		t.Errorf("if ordered: %s", got)
	}
	orders <- order{Write: &off}
	orders <- order{Rebalance: true}
	<-moved
	if got := next(); got != "ready ready ready" {
		t.Errorf("after that: %s", got)
	}
	stop()
	<-ended
}

func TestANodeHasAUUIDOfItsOwn(t *testing.T) {
	one, two := nodeID("ours01"), nodeID("ours02")
	if len(one) != 36 || strings.Count(one, "-") != 4 || one == two || one != nodeID("ours01") {
		t.Errorf("%s and %s", one, two)
	}
}
