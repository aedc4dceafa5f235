package operate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// files are the credentials in dir, which is looked at again each minute.
func files(dir string) *pool.TLSConfig {
	return &pool.TLSConfig{
		CAFile: filepath.Join(dir, "ca.pem"), CertFile: filepath.Join(dir, "agent.pem"), KeyFile: filepath.Join(dir, "agent-key.pem"),
		Watch: time.Minute,
	}
}

// replace replaces what servers must show and what the agent shows, and says what came of it.
func replace(ctx context.Context, p *proxy.Proxy, next *pool.TLSConfig) (string, error) {
	err := p.SetTLS(ctx, next)
	bad, isBad := errors.AsType[*pool.TLSConfigError](err)
	_, refused := errors.AsType[*pool.TLSError](err)
	switch {
	case isBad:
		return fmt.Sprintf("nothing has changed: %s %s", bad.Field, bad.Problem), err
	case refused: // its trust is in force, its certificate is not
		return "offered until a server takes the certificate", p.OfferTLS(next)
	case err != nil:
		return "", err
	}
	return "in force", nil
}
