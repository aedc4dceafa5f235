package proxy

import (
	"context"
	"iter"

	"github.com/open-nomad/rpcproxy/messages"
)

// Watch yields the current View and then the newest one after each change, until
// ctx ends or the Proxy is stopped. Changes that come while the loop's body runs
// are seen as one. It blocks nobody but its caller.
func (p *Proxy) Watch(ctx context.Context) iter.Seq[*messages.View] {
	return func(yield func(*messages.View) bool) {
		for {
			now := p.now.Load()
			if !yield(now.view) {
				return
			}
			select {
			case <-now.changed:
			case <-ctx.Done():
				return
			case <-p.owner.Done():
				return
			}
		}
	}
}
