package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// dispatch starts a job, which must not be started twice.
func dispatch(ctx context.Context, p *proxy.Proxy, job string) error {
	err := p.Call(ctx, "Job.Dispatch", map[string]any{"Region": "global", "JobID": job}, nil)
	failed, _ := errors.AsType[*proxy.CallError](err) // every error of Call is one
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pool.ErrPermissionDenied):
		return fmt.Errorf("give the agent a token that may dispatch %q: %w", job, err)
	case failed.Outcome == pool.MaybeExecuted:
		return fmt.Errorf("look whether %q runs before you start it again: %w", job, err)
	default: // NotSent, Rejected: no server has done anything
		return fmt.Errorf("start %q again, it did not come further than %s: %w", job, failed.Phase, err)
	}
}
