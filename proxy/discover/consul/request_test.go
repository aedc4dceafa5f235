package consul_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

func TestTheRequestsHaveExactlyTheParametersOfTheRule(t *testing.T) {
	c := federation(t, 1)
	c.SetServices("dc0", at("10.0.0.1"))
	finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.0.0.1:4647")
	got := c.Requests()
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []struct{ path, query string }{
		{datacenters, ""},
		{service, "dc=dc0&near=_agent&stale=&tag=rpc"},
	} {
		if r := got[i]; r.Method != http.MethodGet || r.Path != want.path || r.Query.Encode() != want.query || r.Token != "" {
			t.Errorf("request %d is %+v, want %+v without a token", i, r, want)
		}
	}
}

func TestServiceTagNamespaceAndPartitionAreAskedForAsGiven(t *testing.T) {
	c := federation(t, 1)
	c.SetServices("dc0", at("10.0.0.1"),
		consultest.Service{Service: "nomad east", Tags: []string{"x&y"}, Address: "10.0.0.2", Port: 1})
	finds(t, finder(t, consul.Config{
		Address: c.Addr(), Service: "nomad east", Tag: "x&y", Namespace: "ops", Partition: "east",
	}), "10.0.0.2:1")
	r := c.Requests()[1]
	if want := "dc=dc0&near=_agent&ns=ops&partition=east&stale=&tag=x%26y"; r.Path != "/v1/health/service/nomad east" || r.Query.Encode() != want {
		t.Errorf("%s?%s, want %s", r.Path, r.Query.Encode(), want)
	}
}

func TestTheTokenGoesWithEveryRequest(t *testing.T) {
	c := start(t, consultest.Config{Token: "known", BlindToken: "blind"})
	c.SetServices("dc1", at("10.0.0.1"))
	finds(t, finder(t, consul.Config{Address: c.Addr(), Token: "known"}), "10.0.0.1:4647")
	for _, r := range c.Requests() {
		if r.Token != "known" {
			t.Errorf("%+v", r)
		}
	}
	for token, want := range map[string]struct {
		err  error
		says string
	}{
		"unknown": {consul.ErrPermissionDenied, "ACL not found"},
		"blind":   {consul.ErrPermissionDenied, "needs service:read and node:read"},
		"":        {consul.ErrNoServers, "without a token"},
	} {
		err := failed(t, finder(t, consul.Config{Address: c.Addr(), Token: token}), want.err)
		if !strings.Contains(err.Error(), want.says) || token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("token %q: %v, want %q and not the token itself", token, err, want.says)
		}
	}
}

func TestATokenFileCountsBeforeATokenAndIsReadForEachWalk(t *testing.T) {
	c := start(t, consultest.Config{Token: "second"})
	c.SetServices("dc1", at("10.0.0.1"))
	name := file(t, "first\n")
	d := finder(t, consul.Config{Address: c.Addr(), Token: "second", TokenFile: name})
	failed(t, d, consul.ErrPermissionDenied)
	write(t, name, "  second\n")
	finds(t, d, "10.0.0.1:4647")
	before := c.Counts().Requests
	write(t, name, "\n")
	_, err := d.Discover(limited(t))
	if bad, ok := errors.AsType[*consul.ConfigError](err); !ok || bad.Field != "TokenFile" || !strings.Contains(err.Error(), name) {
		t.Errorf("%v, want a *ConfigError that names the file", err)
	}
	if n := c.Counts().Requests; n != before {
		t.Errorf("%d requests without a token", n-before)
	}
}

func TestSwitchedOffConsulIsNeverAsked(t *testing.T) {
	c := start(t, consultest.Config{})
	c.SetServices("dc1", at("10.0.0.1"))
	t.Setenv("CONSUL_HTTP_SSL", "perhaps")
	d := finder(t, consul.Config{Disabled: true, Address: c.Addr(), Scheme: "gopher", TokenFile: "none"})
	for range 3 {
		failed(t, d, consul.ErrDisabled)
	}
	if n := c.Counts(); n.Accepted != 0 || n.Requests != 0 {
		t.Errorf("%+v", n)
	}
	if d.Source() != "consul" {
		t.Errorf("source %q", d.Source())
	}
}

func TestNothingIsKeptBetweenTwoWalks(t *testing.T) {
	c := federation(t, 4)
	testutil.VerifyNone(t)
	c.SetServices("dc3", at("10.3.0.1"))
	d := finder(t, consul.Config{Address: c.Addr()})
	if n := c.Counts().Accepted; n != 0 {
		t.Errorf("New made %d connections", n)
	}
	for walk := int64(1); walk <= 3; walk++ {
		finds(t, d, "10.3.0.1:4647")
		hungUp(t, c)
		if n := c.Counts().Accepted; n != walk {
			t.Errorf("%d connections after %d walks, want one for each", n, walk)
		}
	}
}

func TestEveryFormOfAnAddressReachesConsul(t *testing.T) {
	c := start(t, consultest.Config{})
	socket := start(t, consultest.Config{Addr: "unix://" + filepath.Join(t.TempDir(), "consul.sock")})
	c.SetServices("dc1", at("10.0.0.1"))
	socket.SetServices("dc1", at("10.0.0.2"))
	for address, want := range map[string]string{
		c.Addr():             "10.0.0.1:4647",
		"http://" + c.Addr(): "10.0.0.1:4647",
		c.URL() + "/":        "10.0.0.1:4647",
		socket.URL():         "10.0.0.2:4647",
	} {
		t.Run(address, func(t *testing.T) {
			t.Setenv("CONSUL_HTTP_ADDR", "127.0.0.1:1") // no agent is there
			finds(t, finder(t, consul.Config{Address: address}), want)
			t.Setenv("CONSUL_HTTP_ADDR", address)
			finds(t, finder(t, consul.Config{}), want)
		})
	}
	if n := c.Counts().Requests; n != 12 {
		t.Errorf("%d requests", n)
	}
	hungUp(t, socket)
}

func TestAPathInFrontOfTheAPIIsKept(t *testing.T) {
	c := start(t, consultest.Config{})
	_, err := finder(t, consul.Config{Address: c.URL() + "/behind/proxy/"}).Discover(limited(t))
	if err == nil {
		t.Error("the agent answers at another path")
	}
	if got := c.Requests(); len(got) != 1 || got[0].Path != "/behind/proxy"+datacenters {
		t.Errorf("%+v", got)
	}
}

func TestTheEnvironmentFillsInMissingFields(t *testing.T) {
	c := start(t, consultest.Config{Token: "known"})
	c.SetServices("dc1", at("10.0.0.1"))
	t.Setenv("CONSUL_HTTP_ADDR", c.Addr())
	t.Setenv("CONSUL_HTTP_TOKEN", "known")
	t.Setenv("CONSUL_NAMESPACE", "ops")
	t.Setenv("CONSUL_PARTITION", "east")
	finds(t, finder(t, consul.Config{}), "10.0.0.1:4647")
	if q := c.Requests()[1].Query; q.Get("ns") != "ops" || q.Get("partition") != "east" {
		t.Errorf("%v", q)
	}
	failed(t, finder(t, consul.Config{Token: "another"}), consul.ErrPermissionDenied)
	finds(t, finder(t, consul.Config{TokenFile: file(t, "known"), Token: "another"}), "10.0.0.1:4647")

	t.Setenv("CONSUL_HTTP_TOKEN", "another")
	failed(t, finder(t, consul.Config{}), consul.ErrPermissionDenied)
	t.Setenv("CONSUL_HTTP_TOKEN_FILE", file(t, "known\n"))
	finds(t, finder(t, consul.Config{}), "10.0.0.1:4647")
	failed(t, finder(t, consul.Config{Token: "a third"}), consul.ErrPermissionDenied)

	t.Setenv("CONSUL_HTTP_SSL", "true")
	failed(t, finder(t, consul.Config{Token: "known"}), consul.ErrUnreachable) // it speaks no TLS
	finds(t, finder(t, consul.Config{Token: "known", Scheme: "http"}), "10.0.0.1:4647")
	if tokens := c.Requests(); !slices.ContainsFunc(tokens, func(r consultest.Request) bool { return r.Token == "a third" }) {
		t.Error("a token that is given must count before the environment's file")
	}
}
