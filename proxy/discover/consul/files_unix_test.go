//go:build unix

package consul_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// Nobody writes the pipe: whoever waited for it would wait for ever.
func TestAPipeInPlaceOfAFileHoldsNobodyUp(t *testing.T) {
	c := start(t, consultest.Config{Token: "known"})
	c.SetServices("dc1", at("10.0.0.1"))
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for path, says := range map[string]string{pipe: "it is a pipe", "/dev/zero": "it is a device"} {
		for field, cfg := range map[string]consul.Config{
			"TokenFile": {TokenFile: path}, "CAFile": {CAFile: path},
			"CertFile": {CertFile: path, KeyFile: path},
		} {
			cfg.Address = c.Addr()
			refuses(t, cfg, field, path, says)
		}
	}
	// The token counts, and is that of the environment by chance, so the file of the
	// environment is not looked at.
	t.Setenv("CONSUL_HTTP_TOKEN_FILE", pipe)
	t.Setenv("CONSUL_HTTP_TOKEN", "known")
	finds(t, finder(t, consul.Config{Address: c.Addr(), Token: "known"}), "10.0.0.1:4647")
	refuses(t, consul.Config{Address: c.Addr()}, "CONSUL_HTTP_TOKEN_FILE", pipe, "it is a pipe")
}
