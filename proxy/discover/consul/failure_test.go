package consul_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

func TestEachWayToFailHasItsErrorWhicheverRequestItMeets(t *testing.T) {
	for name, f := range map[string]struct {
		fault  consultest.Fault
		want   error
		status int
		says   string
	}{
		"denied":                 {consultest.Denied(), consul.ErrPermissionDenied, 403, "lacks permission 'service:read'"},
		"no leader":              {consultest.NoLeader(), consul.ErrNoLeader, 500, "No cluster leader"},
		"no leader, forwarded":   {consultest.Answer(500, "rpc error making call: No cluster leader"), consul.ErrNoLeader, 500, "rpc error making call"},
		"another 500":            {consultest.Answer(500, "No path to datacenter\n"), nil, 500, `"No path to datacenter"`},
		"500 without a text":     {consultest.Answer(500, ""), nil, 500, "no reason given"},
		"text of another status": {consultest.Answer(503, "No cluster leader"), nil, 503, "No cluster leader"},
		"rate limited":           {consultest.Answer(429, "rate limit exceeded"), nil, 429, "rate limit exceeded"},
		"a long text":            {consultest.Answer(500, strings.Repeat("é\n", 1<<20)), nil, 500, `..`},
		"no JSON":                {consultest.Malformed("<html>"), consul.ErrMalformed, 200, "invalid character"},
		"half of JSON":           {consultest.Malformed(`["dc1"`), consul.ErrMalformed, 200, ""},
		"nothing":                {consultest.Malformed(""), consul.ErrMalformed, 200, ""},
		"JSON of another shape":  {consultest.Malformed(`{"a":1}`), consul.ErrMalformed, 200, "cannot unmarshal object"},
		"a list of numbers":      {consultest.Malformed(`[1]`), consul.ErrMalformed, 200, "cannot unmarshal number"},
		"deep":                   {consultest.Malformed(strings.Repeat("[", 1<<20)), consul.ErrMalformed, 200, "max depth"},
		"closed in the middle":   {consultest.Cut(), consul.ErrUnreachable, 200, "unexpected EOF"},
		"huge":                   {consultest.Huge(1 << 30), consul.ErrTooLarge, 200, ""},
		"many objects":           {consultest.Malformed("[" + strings.Repeat("{},", 100_000) + "{}]"), consul.ErrTooLarge, 200, ""},
		"hanging":                {consultest.Hang(), context.DeadlineExceeded, 0, "no answer within 2s"},
		"slow":                   {consultest.Slow(time.Hour), consul.ErrUnreachable, 0, "no answer within 2s"},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, consultest.Config{})
			c.SetServices("dc1", at("10.0.0.1"))
			cfg := consul.Config{Address: c.Addr()}
			if f.status == 0 {
				t.Parallel() // it waits
				cfg.RequestTimeout = moment
			}
			d := finder(t, cfg)
			finds(t, finder(t, consul.Config{Address: c.Addr()}), "10.0.0.1:4647") // without the fault
			for _, path := range []string{datacenters, service} {
				c.Heal()
				c.Inject(f.fault.On(path))
				if path == service && f.status == 403 {
					c.Inject(f.fault.On(catalogue))
				}
				_, err := d.Discover(limited(t))
				e, ok := errors.AsType[*consul.Error](err)
				if !ok || e.Path != path || e.Status != f.status {
					t.Fatalf("%s: %v, want an *Error of that path with status %d", path, err, f.status)
				}
				if f.want != nil && !errors.Is(err, f.want) || !strings.Contains(err.Error(), f.says) {
					t.Errorf("%s: %v, want %v and %q", path, err, f.want, f.says)
				}
				for _, sentinel := range []error{
					consul.ErrNoServers, consul.ErrUnusable, consul.ErrPermissionDenied, consul.ErrNoLeader, consul.ErrMalformed, consul.ErrTooLarge,
				} {
					if sentinel != f.want && errors.Is(err, sentinel) {
						t.Errorf("%s: %v is also said to be %v", path, err, sentinel)
					}
				}
				if n := len(err.Error()); n > 1000 {
					t.Errorf("the error is %d bytes long", n)
				}
				if path == service && e.Datacenter != "dc1" || path == datacenters && e.Datacenter != "" {
					t.Errorf("%s: the error is about datacenter %q", path, e.Datacenter)
				}
			}
			hungUp(t, c)
		})
	}
}

func TestAnAddressWithoutAListenerIsUnreachable(t *testing.T) {
	s, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	s.Kill() // which keeps its port from everybody else
	err = failed(t, finder(t, consul.Config{Address: s.Addr()}), consul.ErrUnreachable)
	if !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v does not say why", err)
	}
}

// speaker accepts connections, sends a text on each that has begun to speak, and
// holds it.
func speaker(t *testing.T, text string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var held []net.Conn
		for {
			conn, err := ln.Accept()
			if err != nil {
				break
			}
			held = append(held, conn)
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				_, _ = io.WriteString(conn, text) // the client may hang up
			}
		}
		for _, conn := range held {
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return ln
}

func TestAMutePeerCostsNoMoreThanTheTimeoutWithAndWithoutTLS(t *testing.T) {
	testutil.VerifyNone(t)
	ln := speaker(t, "")
	for _, scheme := range []string{"http", "https"} {
		d := finder(t, consul.Config{Address: ln.Addr().String(), Scheme: scheme, RequestTimeout: 100 * time.Millisecond})
		begin := time.Now()
		failed(t, d, consul.ErrUnreachable)
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s: it took %v", scheme, took)
		}
	}
}

func TestARedirectIsNotFollowedWithTheToken(t *testing.T) {
	thief := start(t, consultest.Config{})
	c := start(t, consultest.Config{})
	c.Inject(consultest.Redirect(thief.URL()))
	_, err := finder(t, consul.Config{Address: c.Addr(), Token: "secret"}).Discover(limited(t))
	if e, ok := errors.AsType[*consul.Error](err); !ok || e.Status != 307 {
		t.Errorf("%v", err)
	}
	if n := thief.Counts().Accepted; n != 0 {
		t.Errorf("%d connections to where the redirect leads", n)
	}
}

func TestAnAnswerThatNeverEndsCostsNoMoreThanTheTimeout(t *testing.T) {
	testutil.VerifyNone(t)
	for _, begun := range []string{
		"HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[",
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[\"dc1\"]",
		"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nNo cluster leader",
	} {
		d := finder(t, consul.Config{Address: speaker(t, begun).Addr().String(), RequestTimeout: 100 * time.Millisecond})
		begin := time.Now()
		if got, err := d.Discover(limited(t)); err == nil {
			t.Errorf("%q: found %q", begun, got)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%q: it took %v", begun, took)
		}
	}
}

func TestHeadersThatAreTooLargeAreNotTaken(t *testing.T) {
	text := "HTTP/1.1 200 OK\r\nX-Large: " + strings.Repeat("x", 128<<10) + "\r\nContent-Length: 2\r\n\r\n[]"
	d := finder(t, consul.Config{Address: speaker(t, text).Addr().String()})
	if err := failed(t, d, consul.ErrUnreachable); !strings.Contains(err.Error(), "headers exceeded") {
		t.Errorf("%v", err)
	}
}
