package consul_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

func TestAnAddressIsUnderstoodAsConsulMeansIt(t *testing.T) {
	c := start(t, consultest.Config{})
	c.SetServices("dc1",
		consultest.Service{NodeAddress: "10.0.0.1", Address: "0.0.0.0", Port: 4647},
		consultest.Service{NodeAddress: "10.0.0.2", Address: "::", Port: 4647},
		consultest.Service{NodeAddress: "10.0.0.3", Address: "[::]", Port: 4647},
		consultest.Service{NodeAddress: "10.0.0.4", Address: "::ffff:0.0.0.0", Port: 4647},
		consultest.Service{NodeAddress: "10.0.0.5", Address: "[2001:db8::1]", Port: 4647},
		consultest.Service{NodeAddress: "[2001:db8::2]", Port: 4647},
		consultest.Service{Address: "server.example", Port: 4647},
		consultest.Service{NodeAddress: "node.example", Port: 4647},
		consultest.Service{Address: "10.0.0.6", WAN: "192.0.2.6", Port: 4647}, // Consul puts the right one in the address itself
		consultest.Service{NodeAddress: "0.0.0.0", Port: 4647},
		consultest.Service{NodeAddress: "10.0.0.7", Address: "10.0.0.7:4647", Port: 4647})
	d := finder(t, consul.Config{Address: c.Addr()})
	finds(t, d, "10.0.0.1:4647", "10.0.0.2:4647", "10.0.0.3:4647", "10.0.0.4:4647", "[2001:db8::1]:4647", "[2001:db8::2]:4647",
		"server.example:4647", "node.example:4647", "10.0.0.6:4647")
	if found, err := d.Walk(limited(t)); err != nil || found.Skipped != 2 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestOneEntryThatIsMalformedDoesNotHideTheOthers(t *testing.T) {
	const good = `{"Node":{"Address":"10.0.0.1"},"Service":{"Port":4647}}`
	c := start(t, consultest.Config{})
	d := finder(t, consul.Config{Address: c.Addr()})
	for _, bad := range []string{
		`7`, `"x"`, `[]`, `null`, `{}`, `{"Node":7}`, `{"Node":{"Address":7},"Service":{"Port":4647}}`,
		`{"Node":{"Address":"10.0.0.2"},"Service":{"Port":"4647"}}`, `{"Node":{"Address":"10.0.0.2"},"Service":{"Port":1e99}}`,
		`{"Node":{"Address":"10.0.0.2"},"Service":{"Port":4647},"Checks":{}}`, `{"Node":{"Address":"10.0.0.2"},"Service":{"Port":4647,"Tags":[7]}}`,
		`{"Node":{"Address":"../../etc\u001b[2J"},"Service":{"Port":4647}}`,
	} {
		for _, list := range []string{"[" + bad + "," + good + "]", "[" + good + "," + bad + "]"} {
			c.Heal()
			c.Inject(consultest.Malformed(list).On(service))
			finds(t, d, "10.0.0.1:4647")
			if found, err := d.Walk(limited(t)); err != nil || found.Skipped != 1 {
				t.Errorf("%s: %+v, %v", list, found, err)
			}
		}
		c.Heal()
		c.Inject(consultest.Malformed("[" + bad + "]").On(service))
		if _, err := d.Discover(limited(t)); err == nil || strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestAnInstanceWithoutTheTagIsLeftOut(t *testing.T) {
	c := start(t, consultest.Config{})
	c.Inject(consultest.Malformed(`[{"Node":{"Address":"10.0.0.1"},"Service":{"Port":4646,"Tags":["http"]}},
		{"Node":{"Address":"10.0.0.1"},"Service":{"Port":4648,"Tags":["serf"]}},{"Node":{"Address":"10.0.0.1"},"Service":{"Port":4647,"Tags":["x","RPC"]}}]`).On(service))
	finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.0.0.1:4647") // as from a proxy that forgets the parameters
}

func TestHeadersThatMakeNoSenseChangeNothing(t *testing.T) {
	for _, h := range []string{"X-Consul-Index", "X-Consul-LastContact", "X-Consul-KnownLeader", "X-Consul-Translate-Addresses", "X-Consul-Results-Filtered-By-ACLs", "Retry-After"} {
		for _, value := range []string{"", "-1", "99999999999999999999999", "true", "\xff\x80"} {
			c := start(t, consultest.Config{})
			c.Inject(consultest.Malformed(`[{"Node":{"Address":"10.0.0.1"},"Service":{"Port":4647}}]`).On(service).With(h, value))
			finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.0.0.1:4647")
			c.Stop()
		}
	}
}

func TestAConsulThatAsksToBeLeftAloneIs(t *testing.T) {
	for status, value := range map[int]string{429: "30", 503: time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), 500: "4000000000"} {
		for _, path := range []string{datacenters, service} {
			c := federation(t, 3)
			c.SetServices("dc2", at("10.0.0.1"))
			c.Inject(consultest.Answer(status, "too much").On(path).With("Retry-After", value))
			d := finder(t, consul.Config{Address: c.Addr()})
			want := c.Counts().Requests + 1
			if path == service {
				want++
			}
			_, first := d.Discover(limited(t))
			_, second := d.Discover(limited(t))
			e, ok := errors.AsType[*consul.Error](first)
			if !ok || e.Status != status {
				t.Fatalf("%v", first)
			}
			if n := c.Counts().Requests; n != want || first != second || e.RetryAfter <= 0 || e.RetryAfter > 5*time.Minute || !strings.Contains(first.Error(), "left alone for") {
				t.Errorf("%d requests, want %d; %v, %v", n, want, first, second)
			}
		}
	}
}

func TestAConsulThatDoesNotAskForItIsAskedAgainAtOnce(t *testing.T) {
	for _, value := range []string{"", "0", "-5", "soon", "1e3", "Thu, 01 Jan 1970 00:00:00 GMT"} {
		c := start(t, consultest.Config{})
		c.SetServices("dc1", at("10.0.0.1"))
		c.Inject(consultest.Answer(503, "no").With("Retry-After", value).Times(1))
		d := finder(t, consul.Config{Address: c.Addr()})
		if _, err := d.Discover(limited(t)); err == nil {
			t.Error("no error")
		}
		finds(t, d, "10.0.0.1:4647")
	}
}

func TestAnAnswerThatUnfoldsOrTricklesIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		fault consultest.Fault
		want  error
	}{
		"a gzip bomb":     {consultest.Gzip(256 << 20), consul.ErrTooLarge},
		"a slow body":     {consultest.Trickle(10 * time.Millisecond), context.DeadlineExceeded},
		"no gzip at all":  {consultest.Malformed("[]").With("Content-Encoding", "gzip"), consul.ErrUnreachable},
		"two million 0's": {consultest.Malformed("[" + strings.Repeat("0,", 2<<20-8) + "0]"), consul.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agent := start(t, consultest.Config{})
			agent.Inject(c.fault.On(service))
			limit := patience
			if c.want == context.DeadlineExceeded {
				limit = moment
			}
			failed(t, finder(t, consul.Config{Address: agent.Addr(), RequestTimeout: limit}), c.want)
		})
	}
}

// A proxy in front of Consul may repeat a request in its error, and where it sends one the
// token must not go.
func TestTheTokenIsNeitherShownNorSentElsewhere(t *testing.T) {
	t.Setenv("CONSUL_HTTP_AUTH", "user:pa55word")
	elsewhere := start(t, consultest.Config{})
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"repeated": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			for name, values := range r.Header {
				_, _ = fmt.Fprintln(w, name, values)
			}
		},
		"redirected": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL()+"/?"+r.Header.Get("X-Consul-Token"), http.StatusTemporaryRedirect)
		},
		"no JSON": func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.Header.Get("X-Consul-Token")) },
	} {
		t.Run(name, func(t *testing.T) {
			h := httptest.NewServer(http.HandlerFunc(answer))
			defer h.Close()
			_, err := finder(t, consul.Config{Address: h.URL, Token: "s3cret-token"}).Discover(limited(t))
			if err == nil {
				t.Fatal("no error")
			}
			for _, secret := range []string{"s3cret-token", "pa55word", "dXNlcjpwYTU1d29yZA"} {
				if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, secret) {
					t.Errorf("%s", text)
				}
			}
		})
	}
	if n := elsewhere.Counts().Requests; n != 0 {
		t.Errorf("%d requests elsewhere", n)
	}
}
