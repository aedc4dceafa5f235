package sidecarconf

import (
	"strings"
	"testing"
)

func TestAStatusAddressThatOthersReachIsRefused(t *testing.T) {
	for addr, says := range map[string]string{
		"0.0.0.0:4748":        `--status is "0.0.0.0:4748", which can be reached from other machines`,
		":4748":               "other machines",
		"nomad.example.com:1": "other machines",
		"127.0.0.1":           "is none: give a loopback address",
		"127.0.0.1:no":        "has no port",
		"unix:":               "has no path",
		"unix:@abstract":      "has no path",
		"127.0.0.1:4746":      "where agents come to: give another port",
	} {
		_, _, err := loader(t, nil, "--servers", "10.0.0.1", "--status", addr).Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", addr, err, says)
		}
	}
	for _, addr := range []string{"", "127.0.0.1:0", "[::1]:4748", "localhost:4748", "unix:/run/rpcproxy/status", "unix:status"} {
		load(t, nil, "--servers", "10.0.0.1", "--status="+addr)
	}
}

func TestTheSettingsInForceAreShownByTheirKeys(t *testing.T) {
	all := load(t, nil, "--config", "testdata/all.hcl").Shown()
	for key, want := range map[string]string{"status": "127.0.0.1:4748", "tls.key_file": "key.pem", "log_level": "warn", "max_conns": "77"} {
		if all[key] != want {
			t.Errorf("%s is %q, want %q", key, all[key], want)
		}
	}
	if len(all) != len(settings) {
		t.Errorf("%d of %d settings", len(all), len(settings))
	}
}
