package consul

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&ConfigError{Field: text, Reason: text, Err: cause},
			&ConfigError{Field: "CONSUL_" + text, Reason: text, Err: cause},
			&Error{Path: text, Datacenter: text, Status: 500, Err: cause},
			&Error{Path: text, Datacenter: text, Err: kind(500, text)},
			&WalkError{Errs: []*Error{{Path: text, Datacenter: text, Err: cause}, {Path: text, Datacenter: text, Status: 403, Err: cause}}},
			&WalkError{Errs: []*Error{{Path: text, Datacenter: text, Err: cause}}},
			&readError{cause},
			&masked{text: text, err: cause},
		}
	})
}

func TestNoTextHasTheTokenOrThePasswordOfAProxy(t *testing.T) {
	const secret = "s3cr3t-0b9d8c1e"
	c := &client{token: secret, settings: &settings{}, wait: new(time.Duration)}
	for _, err := range []error{
		&url.Error{Op: "Get", URL: "http://x/?token=" + secret, Err: errors.New("proxy says: no " + secret)},
		&url.Error{Op: "Get", URL: "http://x/", Err: fmt.Errorf(`invalid proxy address "http://me:%s@p:1%%zz": parse`, "passw0rd")},
		&readError{errors.New("read: X-Consul-Token: " + secret)},
		errors.New("invalid character in " + secret),
		api.StatusError{Code: 403, Body: "Permission denied for " + secret},
		api.StatusError{Code: 500, Body: strings.Repeat("x", 190) + secret},
		api.StatusError{Code: 500, Body: "http://me:passw0rd@consul/v1?token=passw0rd"},
	} {
		e := c.failure(t.Context(), t.Context(), "/v1/x", "dc1", err)
		for _, part := range []string{"s3cr", "passw0rd"} {
			if strings.Contains(e.Error(), part) {
				t.Errorf("%s", e)
			}
		}
	}
	for _, address := range []string{
		"http://me:passw0rd@consul:8500", "me:passw0rd@consul:8500", "http://consul:8500?token=passw0rd", "http://me:pass%zzw0rd@consul:8500",
		"https://consul:8500/?dc=a&secret=passw0rd", "ftp://me:passw0rd@consul", "http://consul:99999?auth_key=passw0rd", "unix://",
	} {
		if _, err := locate(address, "Address"); err == nil || strings.Contains(err.Error(), "w0rd") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
