package consul

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/open-nomad/rpcproxy/messages"
)

// FuzzAnswer lets Consul answer anything to every request.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`["dc1","dc2"]`, `[]`, `null`, `{}`, `[null]`, `["dc1",null,""]`, `"`, `[{"Node":"a"}]`, `[[[[`,
		`[{"Address":"10.0.0.1","ServicePort":4647}]`, `[{"ServiceAddress":"::1","ServicePort":65536},null]`,
		`[{"Node":{"Node":"a","Address":"10.0.0.1"},"Service":{"Port":4647},"Checks":[null,{"Status":"critical"}]}]`, `[{"Node":{},"Service":null}]`,
	} {
		f.Add([]byte(seed), []byte(`[{"Node":{"Address":"10.0.0.1"},"Service":{"Port":4647}}]`), 200)
		f.Add([]byte(`["dc1"]`), []byte(seed), 200)
	}
	f.Add([]byte("No cluster leader"), []byte("x"), 500)
	f.Fuzz(func(t *testing.T, datacenters, instances []byte, status int) {
		s, err := resolve(Config{Address: "127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		c := &client{settings: s, transport: &http.Transport{}, wait: new(time.Duration)}
		cfg := s.api
		cfg.HttpClient = &http.Client{Transport: bounded{script{status, datacenters, instances}, c.wait}}
		if c.api, err = api.NewClient(&cfg); err != nil {
			t.Fatal(err)
		}
		found, err := c.walk(t.Context(), s.chance(1))
		if (err == nil) != (len(found.Addrs) > 0) || len(found.Addrs) > maxServers {
			t.Fatalf("%d addresses, %v", len(found.Addrs), err)
		}
		for _, addr := range found.Addrs {
			if s, err := messages.ParseServer(addr); err != nil || s.Addr != addr {
				t.Errorf("%q is no address in its one spelling: %v", addr, err)
			}
		}
		walk, failed := errors.AsType[*WalkError](err)
		one, _ := errors.AsType[*Error](err)
		if err != nil && !failed && one == nil || failed && len(walk.Errs) > maxAsked {
			t.Errorf("%v", err)
		}
		if err != nil && len(err.Error()) > 64<<10 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
	})
}

// script answers the first path with one text and all others with another.
type script struct {
	status                 int
	datacenters, instances []byte
}

func (s script) RoundTrip(req *http.Request) (*http.Response, error) {
	text := s.instances
	if req.URL.Path == "/v1/catalog/datacenters" {
		text = s.datacenters
	}
	resp, err := canned{s.status, bytes.NewReader(text)}.RoundTrip(req)
	resp.Header = http.Header{}
	return resp, err
}
