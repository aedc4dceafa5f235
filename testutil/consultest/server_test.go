package consultest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// patience is how long a test waits for an event, on however slow a machine.
const patience = time.Minute

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	c, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// browser is a client that ends with t.
func browser(t *testing.T, transport *http.Transport) *http.Client {
	t.Helper()
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// read asks for a path and answers what came.
func read(t *testing.T, c *Server, path, token string) (text string, resp *http.Response) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("X-Consul-Token", token)
	}
	resp, err = browser(t, &http.Transport{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), resp
}

func TestAFreshConsulKnowsItsOwnDatacenterAndNoService(t *testing.T) {
	c := start(t, Config{Datacenter: "berlin"})
	for path, want := range map[string]string{
		"/v1/catalog/datacenters":        `["berlin"]`,
		"/v1/catalog/service/nomad":      `[]`,
		"/v1/catalog/service/nomad?dc=x": `No path to datacenter`,
		"/v1/catalog/service/":           `Missing service name`,
		"/v1/status/leader":              `"127.0.0.1:8300"`,
		"/v1/elsewhere":                  `Invalid URL path: not a recognized HTTP API endpoint`,
	} {
		if got, _ := read(t, c, path, ""); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got, _ := read(t, c, "/v1/agent/self", ""); !strings.Contains(got, `"Datacenter":"berlin"`) {
		t.Errorf("%s", got)
	}
	c.RemoveDatacenter("berlin")
	if got, _ := read(t, c, "/v1/catalog/datacenters", ""); got != `[]` {
		t.Errorf("%s", got)
	}
}

func TestConsulListsInstancesUnderTheNamesTheyHaveInItsAPI(t *testing.T) {
	c := start(t, Config{})
	c.SetServices("dc1",
		Service{Node: "a", NodeAddress: "10.0.0.1", Address: "10.1.0.1", Port: 4647, Tags: []string{"rpc", "x"}},
		Service{Node: "b", NodeAddress: "10.0.0.2", Port: 4647},
		Service{Node: "c", Port: 4646, Tags: []string{"http"}},
		Service{Node: "d", Port: 80, Service: "web"})
	text, resp := read(t, c, "/v1/catalog/service/nomad?tag=RPC&near=_agent&stale=&index=7&wait=5m", "")
	var entries []map[string]any
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if len(entries) != 2 {
		t.Fatalf("%d entries, want those of a and b: %s", len(entries), text)
	}
	for name, want := range map[string]any{
		"Node": "a", "Address": "10.0.0.1", "Datacenter": "dc1", "ServiceName": "nomad",
		"ServiceAddress": "10.1.0.1", "ServicePort": 4647.0,
	} {
		if entries[0][name] != want {
			t.Errorf("%s is %v, want %v", name, entries[0][name], want)
		}
	}
	if entries[1]["ServiceAddress"] != "" {
		t.Errorf("a service at its node's address has an empty one of its own: %v", entries[1]["ServiceAddress"])
	}
	for _, name := range []string{
		"ID", "TaggedAddresses", "NodeMeta", "ServiceID", "ServiceTags", "ServiceWeights", "ServiceMeta",
		"ServiceEnableTagOverride", "ServiceProxy", "ServiceConnect", "CreateIndex", "ModifyIndex",
	} {
		if _, there := entries[0][name]; !there {
			t.Errorf("%s is missing: %s", name, text)
		}
	}
	for name, want := range map[string]string{
		"X-Consul-Index": "2", "X-Consul-KnownLeader": "true", "X-Consul-LastContact": "0",
		"X-Consul-Effective-Consistency": "stale", "Content-Type": "application/json",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if _, resp := read(t, c, "/v1/catalog/service/nomad", ""); resp.Header.Get("X-Consul-Effective-Consistency") != "leader" {
		t.Errorf("%v", resp.Header)
	}
	if got, resp := read(t, c, "/v1/catalog/service/nomad?stale&consistent", ""); resp.StatusCode != 400 {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
}

func TestRegistrationsChangeWhileConsulRuns(t *testing.T) {
	c := start(t, Config{})
	c.SetServices("dc2", Service{Port: 4647})
	if got, _ := read(t, c, "/v1/catalog/datacenters", ""); got != `["dc1","dc2"]` {
		t.Errorf("%s", got)
	}
	if got, _ := read(t, c, "/v1/catalog/service/nomad?dc=dc2", ""); !strings.Contains(got, `"ServicePort":4647`) {
		t.Errorf("%s", got)
	}
	c.SetServices("dc2")
	if got, resp := read(t, c, "/v1/catalog/service/nomad?dc=dc2", ""); got != `[]` || resp.Header.Get("X-Consul-Index") != "3" {
		t.Errorf("%s, %v", got, resp.Header)
	}
}

func TestWithoutALeaderConsulAnswersStaleReadsOnly(t *testing.T) {
	c := start(t, Config{})
	c.SetLeader(false)
	if got, resp := read(t, c, "/v1/catalog/service/nomad", ""); resp.StatusCode != 500 || got != "No cluster leader" {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
	if got, resp := read(t, c, "/v1/catalog/service/nomad?stale", ""); got != `[]` || resp.Header.Get("X-Consul-KnownLeader") != "false" {
		t.Errorf("%s, %v", got, resp.Header)
	}
	if got, _ := read(t, c, "/v1/status/leader", ""); got != `""` {
		t.Errorf("%s", got)
	}
	c.SetLeader(true)
	if got, _ := read(t, c, "/v1/catalog/service/nomad", ""); got != `[]` {
		t.Errorf("%s", got)
	}
}

func TestACLsHideServicesAndRefuseUnknownTokens(t *testing.T) {
	c := start(t, Config{Token: "known", BlindToken: "blind"})
	c.SetServices("dc1", Service{Port: 4647})
	const path, hidden = "/v1/catalog/service/nomad", "X-Consul-Results-Filtered-By-ACLs"
	if got, resp := read(t, c, path, "known"); !strings.Contains(got, "4647") || resp.Header.Get(hidden) != "" {
		t.Errorf("%s, %v", got, resp.Header)
	}
	if got, resp := read(t, c, path, ""); got != "[]" || resp.Header.Get(hidden) != "" {
		t.Errorf("%s, %v", got, resp.Header)
	}
	if got, resp := read(t, c, path, "blind"); got != "[]" || resp.Header.Get(hidden) != "true" {
		t.Errorf("%s, %v", got, resp.Header)
	}
	if got, resp := read(t, c, path, "other"); resp.StatusCode != 403 || got != "ACL not found" {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
	if got, resp := read(t, c, "/v1/catalog/datacenters", "other"); resp.StatusCode != 200 || got != `["dc1"]` {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
}

func TestAFaultHitsOnlyItsTargetAndNoMoreOftenThanItsCount(t *testing.T) {
	c := start(t, Config{})
	c.SetServices("dc2")
	c.Inject(Denied().On("/v1/catalog/service/").In("dc2").Times(1), Answer(418, "").On("/v1/status/"))
	for _, step := range []struct {
		path string
		want int
	}{
		{"/v1/catalog/datacenters", 200},
		{"/v1/catalog/service/nomad", 200},
		{"/v1/catalog/service/nomad?dc=dc2", 403},
		{"/v1/catalog/service/nomad?dc=dc2", 200},
		{"/v1/status/leader", 418},
	} {
		if got, resp := read(t, c, step.path, ""); resp.StatusCode != step.want {
			t.Errorf("%s: %d %s, want %d", step.path, resp.StatusCode, got, step.want)
		}
	}
	c.Heal()
	c.Inject(NoLeader(), Answer(418, "never: the first one counts"))
	if got, resp := read(t, c, "/v1/status/leader", ""); resp.StatusCode != 500 || got != "No cluster leader" {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
	c.Heal()
	if got, resp := read(t, c, "/v1/status/leader", ""); resp.StatusCode != 200 {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
	if got, want := Hang().On("/v1/").In("dc2").Times(3).String(), "hang on /v1/ in dc2, 3 times"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBodiesAreHugeMalformedOrCutByTheFault(t *testing.T) {
	c := start(t, Config{})
	c.Inject(Huge(1 << 20).Times(1))
	text, _ := read(t, c, "/v1/catalog/datacenters", "")
	var names []string
	if err := json.Unmarshal([]byte(text), &names); err != nil || len(text) < 1<<20 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	c.Heal()
	c.Inject(Malformed("{").Times(1))
	if text, resp := read(t, c, "/v1/catalog/datacenters", ""); text != "{" || resp.StatusCode != 200 {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	c.Heal()
	c.Inject(Cut())
	resp, err := browser(t, &http.Transport{}).Get(c.URL() + "/v1/catalog/datacenters")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || len(text) == 0 {
		t.Errorf("%q, %v, want a beginning and then the end of the connection", text, err)
	}
}

func TestARequestThatHangsEndsWithItsClientAndWithStop(t *testing.T) {
	c := start(t, Config{})
	c.Inject(Hang().Times(1), Slow(time.Hour))
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL()+"/v1/status/leader", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := browser(t, &http.Transport{})
	ended := make(chan error, 2)
	for range 2 {
		go func() {
			resp, err := client.Do(req)
			if err == nil {
				resp.Body.Close()
			}
			ended <- err
		}()
	}
	until(t, "both are there", func() bool { return c.Counts().Requests == 2 })
	leave()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	until(t, "both have left", func() bool { return c.Counts().Open == 0 })

	c.Inject(Hang())
	const many = 64 // so that one that does not wait for them is caught
	results := make(chan error, many)
	for range many {
		go func() {
			resp, err := client.Get(c.URL() + "/v1/status/leader")
			if err == nil {
				resp.Body.Close()
			}
			results <- err
		}()
	}
	until(t, "all are there", func() bool { return c.Counts().Requests == 2+many })
	c.Stop()
	if n := c.Counts().Open; n != 0 {
		t.Errorf("%d connections are open behind Stop", n)
	}
	for range many {
		if err := <-results; err == nil {
			t.Error("an answer came")
		}
	}
	c.Stop()
}

// until waits for what will be so soon.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-limit.C:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func TestConsulRemembersTheLastRequests(t *testing.T) {
	c := start(t, Config{Datacenter: "dc7"})
	read(t, c, "/v1/catalog/service/nomad?tag=rpc&dc=dc9", "secret")
	read(t, c, "/v1/catalog/service/nomad", "")
	got := c.Requests()
	if len(got) != 2 || got[0].Token != "secret" || got[0].Query.Get("tag") != "rpc" || got[0].Datacenter != "dc9" ||
		got[0].Host != c.Addr() || got[1].Datacenter != "dc7" || got[1].Method != "GET" {
		t.Errorf("%+v", got)
	}
	if n := c.Count("/v1/catalog/service/nomad", "dc9"); n != 1 {
		t.Errorf("%d requests for dc9", n)
	}
	for i := range maxRequests + 10 {
		c.note(Request{Path: "/" + string(rune('a'+i%2))})
	}
	if got := c.Requests(); len(got) != maxRequests || c.Count("", "") != maxRequests || c.Counts().Requests != maxRequests+12 {
		t.Errorf("%d remembered, counts %+v", len(got), c.Counts())
	}
}

func TestConsulSpeaksTLSAndListensOnSockets(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	id, err := ca.Issue(testutil.CertConfig{Names: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	secure := start(t, Config{TLS: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{id.Certificate}}})
	socket := start(t, Config{Addr: "unix://" + filepath.Join(t.TempDir(), "s")})
	for _, c := range []struct {
		consul    *Server
		base      string
		transport *http.Transport
	}{
		{secure, secure.URL(), &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.ClientTLS(nil, "global").RootCAs, ServerName: "localhost", MinVersion: tls.VersionTLS12}}},
		{socket, "http://localhost", &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket.Addr())
		}}},
	} {
		resp, err := browser(t, c.transport).Get(c.base + "/v1/catalog/datacenters")
		if err != nil {
			t.Errorf("%s: %v", c.consul.URL(), err)
			continue
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(text) != `["dc1"]` {
			t.Errorf("%s: %s", c.consul.URL(), text)
		}
	}
	if !strings.HasPrefix(secure.URL(), "https://") || !strings.HasPrefix(socket.URL(), "unix:///") {
		t.Errorf("%s, %s", secure.URL(), socket.URL())
	}
}

func TestConsulCannotListenWhereSomebodyElseDoes(t *testing.T) {
	c := start(t, Config{})
	if second, err := Start(Config{Addr: c.Addr()}); err == nil {
		second.Stop()
		t.Error("two of them listen at one address")
	} else if !strings.Contains(err.Error(), c.Addr()) {
		t.Errorf("%v does not name the address", err)
	}
}

func TestTheResultOfRequestsIsTheCallersOwn(t *testing.T) {
	c := start(t, Config{})
	read(t, c, "/v1/status/leader", "")
	clear(c.Requests())
	if got := c.Requests(); !slices.ContainsFunc(got, func(r Request) bool { return r.Path == "/v1/status/leader" }) {
		t.Errorf("%+v", got)
	}
}
