package consul_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

func TestTheServersOfTheAgentsOwnDatacenterAreFoundWithTwoRequests(t *testing.T) {
	c := federation(t, 5)
	c.SetServices("dc0", at("10.0.0.1"), at("10.0.0.2"))
	c.SetServices("dc3", at("10.3.0.1"))
	d := finder(t, consul.Config{Address: c.Addr()})
	finds(t, d, "10.0.0.1:4647", "10.0.0.2:4647")
	if got := asked(c); !slices.Equal(got, []string{"dc0"}) {
		t.Errorf("asked %q, want the own one and no other", got)
	}
	if n := c.Counts().Requests; n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	if d.Source() != "consul" {
		t.Errorf("source %q", d.Source())
	}
}

func TestTheWalkStopsAtTheFirstDatacenterWithServers(t *testing.T) {
	c := federation(t, 6)
	for _, dc := range []string{"dc1", "dc2", "dc3", "dc4", "dc5"} {
		c.SetServices(dc, at("10.0.0."+dc[2:]))
	}
	found, err := finder(t, consul.Config{Address: c.Addr()}).Walk(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	order := asked(c)
	if len(order) != 2 || order[0] != "dc0" || order[1] != found.Datacenter || found.Addrs[0] != "10.0.0."+found.Datacenter[2:]+":4647" {
		t.Errorf("asked %q, found %+v; want dc0, then one that has servers, and no more", order, found)
	}
}

func TestNineDatacentersAreAskedAtMostTheOwnFirstAndTheOthersByChance(t *testing.T) {
	c := federation(t, 30)
	walks := func(seed uint64) [][]string {
		d := finder(t, consul.Config{Address: c.Addr(), Seed: seed})
		var out [][]string
		for range 2 {
			before := len(asked(c))
			err := failed(t, d, consul.ErrNoServers)
			order := asked(c)[before:]
			walk, ok := errors.AsType[*consul.WalkError](err)
			if !ok || len(walk.Errs) != 9 {
				t.Fatalf("%v, want one reason for each of nine", err)
			}
			for i, e := range walk.Errs {
				if e.Datacenter != order[i] || !strings.Contains(err.Error(), `"`+order[i]+`"`) {
					t.Errorf("asked %q, error of %q at %d: %v", order, e.Datacenter, i, err)
				}
			}
			if len(order) != 9 || order[0] != "dc0" || len(slices.Compact(slices.Sorted(slices.Values(order)))) != 9 {
				t.Errorf("asked %q, want nine different ones, the own one first", order)
			}
			out = append(out, order)
		}
		return out
	}
	a, again, b := walks(7), walks(7), walks(8)
	for i := range a {
		if !slices.Equal(a[i], again[i]) {
			t.Errorf("walk %d of one seed: %q and %q", i, a[i], again[i])
		}
	}
	if slices.Equal(a[0], a[1]) || slices.Equal(a[0], b[0]) {
		t.Errorf("the same order for two walks, or for two seeds: %q, %q, %q", a[0], a[1], b[0])
	}
	if x, y := walks(0), walks(0); slices.Equal(x[0], y[0]) {
		t.Errorf("two agents that are given no seed ask in one order: %q", x[0])
	}
}

func TestAPreferredDatacenterIsAskedFirstWhetherOrNotItIsListed(t *testing.T) {
	c := federation(t, 12)
	c.SetServices("dc0", at("10.0.0.1"))
	c.SetServices("dc7", at("10.7.0.1"))
	finds(t, finder(t, consul.Config{Address: c.Addr(), Datacenter: "dc7"}), "10.7.0.1:4647")
	if got := asked(c); !slices.Equal(got, []string{"dc7"}) {
		t.Errorf("asked %q", got)
	}
	c.SetServices("dc0")
	c.SetServices("dc7")
	err := failed(t, finder(t, consul.Config{Address: c.Addr(), Datacenter: "mars"}), consul.ErrNoServers)
	walk, ok := errors.AsType[*consul.WalkError](err)
	if !ok || len(walk.Errs) != 9 {
		t.Fatalf("%v", err)
	}
	if e := walk.Errs[0]; e.Datacenter != "mars" || e.Status != 500 || !strings.Contains(e.Error(), "No path to datacenter") {
		t.Errorf("%v, want what Consul says of a datacenter it does not know", e)
	}
}

func TestADatacenterThatFailsDoesNotEndTheWalk(t *testing.T) {
	c := federation(t, 5)
	c.SetServices("dc4", at("10.4.0.1"))
	c.Inject(
		consultest.Denied().On(service).In("dc0"),
		consultest.NoLeader().On(service).In("dc1"),
		consultest.Cut().On(service).In("dc2"),
		consultest.Malformed("{").On(service).In("dc3"),
	)
	finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.4.0.1:4647")

	c.SetServices("dc4", consultest.Service{Node: "n", Port: 0})
	err := failed(t, finder(t, consul.Config{Address: c.Addr()}), consul.ErrPermissionDenied)
	for _, want := range []error{consul.ErrNoLeader, consul.ErrUnreachable, consul.ErrMalformed, consul.ErrUnusable} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not said of any datacenter:\n%v", want, err)
		}
	}
	for _, dc := range []string{`"dc0": status 403`, `"dc1": status 500`, `"dc2": `, `"dc3": malformed`, `"dc4": no entry can be used: 1 skipped`} {
		if !strings.Contains(err.Error(), dc) {
			t.Errorf("no %q in\n%v", dc, err)
		}
	}
}

func TestTheWalkEndsWithItsContextAndAsksNoOtherServer(t *testing.T) {
	c := federation(t, 5)
	c.Inject(consultest.Hang().On(service))
	cause := errors.New("the agent stops")
	ctx, stop := context.WithCancelCause(limited(t))
	d := finder(t, consul.Config{Address: c.Addr(), RequestTimeout: time.Hour})
	ended := make(chan error, 1)
	go func() {
		_, err := d.Discover(ctx)
		ended <- err
	}()
	until(t, "a datacenter is asked", func() bool { return len(asked(c)) > 0 })
	stop(cause)
	err := <-ended
	if !errors.Is(err, cause) || errors.Is(err, consul.ErrUnreachable) {
		t.Errorf("%v, want the cause that the context ended for, and no blame for Consul", err)
	}
	if walk, ok := errors.AsType[*consul.WalkError](err); !ok || len(walk.Errs) != 1 || !slices.Equal(asked(c), []string{"dc0"}) {
		t.Errorf("asked %q, then tried on: %v", asked(c), err)
	}
	hungUp(t, c)

	if _, err := d.Discover(ctx); !errors.Is(err, cause) {
		t.Errorf("with a context that is over: %v", err)
	}
}

func TestAHangingDatacenterCostsOneRequestTimeout(t *testing.T) {
	c := federation(t, 2)
	c.SetServices("dc1", at("10.1.0.1"))
	c.Inject(consultest.Hang().On(service).In("dc0"))
	finds(t, finder(t, consul.Config{Address: c.Addr(), RequestTimeout: moment}), "10.1.0.1:4647")
	hungUp(t, c)
}

func TestConsulWithoutADatacenterHasNoServers(t *testing.T) {
	c := start(t, consultest.Config{})
	c.RemoveDatacenter("dc1")
	failed(t, finder(t, consul.Config{Address: c.Addr()}), consul.ErrNoServers)
	c.Inject(consultest.Malformed("null"))
	err := failed(t, finder(t, consul.Config{Address: c.Addr()}), consul.ErrNoServers)
	if !strings.Contains(err.Error(), "names no datacenter") {
		t.Errorf("%v", err)
	}
}

func TestNamesThatAreNoDatacentersAreNotAsked(t *testing.T) {
	c := start(t, consultest.Config{})
	c.Inject(consultest.Malformed(`["","dc1",null,"dc1","` + strings.Repeat("x", 256) + `","a\nb"]`).On(datacenters))
	failed(t, finder(t, consul.Config{Address: c.Addr()}), consul.ErrNoServers)
	if got := asked(c); !slices.Equal(got, []string{"dc1"}) {
		t.Errorf("asked %q", got)
	}
}

func TestManyWalksAtOnceDoNotDisturbEachOther(t *testing.T) {
	c := federation(t, 3)
	c.SetServices("dc2", at("10.2.0.1"))
	d := finder(t, consul.Config{Address: c.Addr()})
	ended := make(chan error, 16)
	for range cap(ended) {
		go func() {
			got, err := d.Discover(limited(t))
			if err == nil && !slices.Equal(got, []string{"10.2.0.1:4647"}) {
				err = errors.New("found " + strings.Join(got, ","))
			}
			ended <- err
		}()
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	hungUp(t, c)
}
