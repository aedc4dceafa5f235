package consul_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
)

// refused expects New to blame a field, in these words.
func refused(t *testing.T, cfg consul.Config, field, says string) {
	t.Helper()
	_, err := consul.New(cfg)
	bad, ok := errors.AsType[*consul.ConfigError](err)
	if !ok || bad.Field != field || !strings.Contains(bad.Error(), says) {
		t.Errorf("%+v: %v, want a *ConfigError for %s with %q", cfg, err, field, says)
	}
}

func TestABadConfigIsRefusedWithItsFieldAndValue(t *testing.T) {
	for _, c := range []struct {
		cfg         consul.Config
		field, says string
	}{
		{consul.Config{Address: "10.0.0.1"}, "Address", `"10.0.0.1"`},
		{consul.Config{Address: "10.0.0.1:0"}, "Address", "1 to 65535"},
		{consul.Config{Address: "10.0.0.1:65536"}, "Address", "1 to 65535"},
		{consul.Config{Address: ":8500"}, "Address", "host is missing"},
		{consul.Config{Address: "10.0.0.1:8500/x"}, "Address", "path and no scheme"},
		{consul.Config{Address: "http://"}, "Address", "host is missing"},
		{consul.Config{Address: "http://a:8500?x=1"}, "Address", "more than a path"},
		{consul.Config{Address: "http://a b:8500"}, "Address", "no address"},
		{consul.Config{Address: "unix://"}, "Address", "socket is missing"},
		{consul.Config{Address: "ftp://a:1"}, "Address", `"ftp://a:1"`},
		{consul.Config{Scheme: "ftp"}, "Scheme", `"ftp"`},
		{consul.Config{Scheme: "http", CAFile: "ca.pem"}, "Scheme", "TLS"},
		{consul.Config{Scheme: "http", Address: "https://a:8501"}, "Scheme", "https"},
		{consul.Config{Service: "../kv"}, "Service", `"../kv"`},
		{consul.Config{Service: ".."}, "Service", `".."`},
		{consul.Config{Service: "a\nb"}, "Service", `"a\nb"`},
		{consul.Config{Tag: "\x00"}, "Tag", `"\x00"`},
		{consul.Config{Datacenter: strings.Repeat("x", 256)}, "Datacenter", "xxx"},
		{consul.Config{RequestTimeout: -time.Second}, "RequestTimeout", "-1s"},
		{consul.Config{TokenFile: "none"}, "TokenFile", `"none"`},
		{consul.Config{CAFile: "none"}, "CAFile", `"none"`},
		{consul.Config{CertFile: "none"}, "KeyFile", "both"},
		{consul.Config{KeyFile: "none"}, "CertFile", "both"},
		{consul.Config{CertFile: "none", KeyFile: "none"}, "CertFile", `"none"`},
	} {
		refused(t, c.cfg, c.field, c.says)
	}
}

func TestNoSecretIsRepeatedInAnError(t *testing.T) {
	for _, cfg := range []consul.Config{
		{Token: "hunt\ner2"},
		{TokenFile: file(t, "hunt\x00er2")},
		{Address: "http://user:hunter2@10.0.0.1:8500"},
		{Address: "http://user:hunter2@%zz:8500"},
	} {
		_, err := consul.New(cfg)
		if _, ok := errors.AsType[*consul.ConfigError](err); !ok || strings.Contains(err.Error(), "er2") {
			t.Errorf("%v, want a *ConfigError without the secret", err)
		}
	}
}

func TestBadVariablesAreRefusedByTheirNames(t *testing.T) {
	for name, value := range map[string]string{
		"CONSUL_HTTP_ADDR":       "10.0.0.1",
		"CONSUL_HTTP_SSL":        "perhaps",
		"CONSUL_HTTP_SSL_VERIFY": "fasle", // the client would take it for false
		"CONSUL_HTTP_TOKEN_FILE": "none",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			refused(t, consul.Config{}, name, value)
		})
	}
	t.Setenv("CONSUL_CAPATH", "none")
	refused(t, consul.Config{Scheme: "https"}, "CONSUL_CAPATH", "none")
}
