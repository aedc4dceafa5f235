package consul_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// in is a server whose check has a status.
func in(status, host string) consultest.Service {
	s := at(host)
	s.Status = status
	return s
}

func TestServersWhoseChecksPassComeFirstAndCriticalOnesLast(t *testing.T) {
	c := start(t, consultest.Config{})
	c.SetServices("dc1",
		in("critical", "10.0.0.1"), in("warning", "10.0.0.2"), in("passing", "10.0.0.3"), in("maintenance", "10.0.0.4"),
		in("warning", "10.0.0.5"), at("10.0.0.6"), in("critical", "10.0.0.3"))
	finds(t, finder(t, consul.Config{Address: c.Addr()}),
		"10.0.0.3:4647", "10.0.0.6:4647", "10.0.0.2:4647", "10.0.0.5:4647", "10.0.0.1:4647", "10.0.0.4:4647")
	if n := c.Counts().Requests; n != 2 {
		t.Errorf("%d requests, want one for the datacenters and one for servers and checks", n)
	}
}

func TestADatacenterWithCriticalServersOnlyIsLeftForTheNext(t *testing.T) {
	c := federation(t, 3)
	c.SetServices("dc0", in("critical", "10.0.0.1"), in("maintenance", "10.0.0.2"))
	c.SetServices("dc2", in("critical", "10.2.0.1"), in("warning", "10.2.0.2"))
	d := finder(t, consul.Config{Address: c.Addr()})
	finds(t, d, "10.2.0.2:4647", "10.2.0.1:4647", "10.0.0.1:4647", "10.0.0.2:4647")
	found, err := d.Walk(limited(t))
	if err != nil || found.Datacenter != "dc2" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestWhereAllAreCriticalTheyAreBetterThanNone(t *testing.T) {
	c := federation(t, 3)
	c.SetServices("dc0", in("critical", "10.0.0.1"))
	finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.0.0.1:4647")
	c.Inject(consultest.NoLeader().On(service).In("dc1"))
	finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.0.0.1:4647")
	if got := asked(c); len(got) != 6 {
		t.Errorf("asked %q, want each of three in both walks", got)
	}
}

func TestCriticalOnesTakeNoHealthyOnesPlace(t *testing.T) {
	var services []consultest.Service
	for i := range 300 {
		services = append(services, in("critical", fmt.Sprintf("10.1.%d.%d", i/250, i%250)))
	}
	c := start(t, consultest.Config{})
	c.SetServices("dc1", append(services, at("10.0.0.1"))...)
	got, err := finder(t, consul.Config{Address: c.Addr()}).Discover(limited(t))
	if err != nil || len(got) != 256 || got[0] != "10.0.0.1:4647" || got[1] != "10.1.0.0:4647" {
		t.Errorf("%d servers, %.2q, %v", len(got), got, err)
	}
}

func TestWhereChecksAreNotToBeHadTheCatalogueIsAsked(t *testing.T) {
	for _, fault := range []consultest.Fault{
		consultest.Answer(404, "404 page not found"), consultest.Denied(), consultest.Answer(405, "method not allowed"), consultest.Answer(501, "not here"),
	} {
		c := federation(t, 2)
		c.SetServices("dc1", in("critical", "10.1.0.1"), at("10.1.0.2"))
		c.Inject(fault.On("/v1/health/"))
		finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.1.0.1:4647", "10.1.0.2:4647")
		var paths []string
		for _, r := range c.Requests()[1:] {
			paths = append(paths, r.Path+" "+r.Query.Encode())
		}
		const parameters = "&near=_agent&stale=&tag=rpc"
		if want := []string{
			service + " dc=dc0" + parameters, catalogue + " dc=dc0" + parameters,
			service + " dc=dc1" + parameters, catalogue + " dc=dc1" + parameters,
		}; !slices.Equal(paths, want) {
			t.Errorf("asked %q\nwant  %q", paths, want)
		}
	}
}

func TestWhatIsDeniedAndHiddenIsSaidToBeDenied(t *testing.T) {
	c := start(t, consultest.Config{})
	d := finder(t, consul.Config{Address: c.Addr()})
	c.Inject(consultest.Denied().On("/v1/health/"))
	failed(t, d, consul.ErrPermissionDenied) // and nothing in the catalogue
	c.Inject(consultest.Denied().On("/v1/catalog/service/"))
	err := failed(t, d, consul.ErrPermissionDenied)
	if n := c.Counts().Requests; n != 6 || !strings.Contains(err.Error(), service) {
		t.Errorf("%d requests, %v", n, err)
	}
}

func TestThatAllAreCriticalIsSaid(t *testing.T) {
	c := start(t, consultest.Config{})
	var log bytes.Buffer
	d := finder(t, consul.Config{Address: c.Addr(), Logger: zerolog.New(&log)})
	c.SetServices("dc1", in("critical", "10.0.0.1"), in("node maintenance", "10.0.0.2"))
	finds(t, d, "10.0.0.1:4647", "10.0.0.2:4647")
	consul.Written(d)
	if text := log.String(); !strings.Contains(text, "in a critical state") || !strings.Contains(text, `"servers":2`) || !strings.Contains(text, `"dc1"`) {
		t.Errorf("%s", text)
	}
	log.Reset()
	c.SetServices("dc1", in("critical", "10.0.0.1"), in("node maintenance", "10.0.0.2"), in("warning", "10.0.0.3"))
	finds(t, d, "10.0.0.3:4647", "10.0.0.1:4647", "10.0.0.2:4647")
	consul.Written(d)
	if found, err := d.Walk(limited(t)); err != nil || found.Critical != 2 || log.Len() > 0 {
		t.Errorf("%+v, %v, %s", found, err, &log)
	}
}

func TestALogThatBlocksHoldsNoDiscoveryUp(t *testing.T) {
	c := start(t, consultest.Config{})
	c.SetServices("dc1", in("critical", "10.0.0.1"))
	release := make(blocking)
	defer close(release)
	d := finder(t, consul.Config{Address: c.Addr(), Logger: zerolog.New(release)})
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		for range 3 {
			if found, err := d.Discover(limited(t)); err != nil || !slices.Equal(found, []string{"10.0.0.1:4647"}) {
				t.Errorf("found %q, %v", found, err)
			}
		}
	}()
	select {
	case <-returned:
	case <-time.After(patience):
		t.Error("a discovery waits for the log's writer")
	}
}

// blocking is a log's writer that returns when it is closed.
type blocking chan struct{}

func (b blocking) Write(line []byte) (int, error) {
	<-b
	return len(line), nil
}
