package daemon

import (
	"context"
	"net"

	"github.com/open-nomad/rpcproxy/proxy/status"
)

// listenStatus listens where the sidecar is to be shown; none if it is not to be.
func (d *daemon) listenStatus() ([]net.Listener, error) {
	if d.conf.Status == "" {
		return nil, nil
	}
	l, err := d.conf.ListenStatus()
	if err != nil {
		return nil, err
	}
	return []net.Listener{l}, nil
}

// show shows the sidecar over HTTP until hide is called, which waits for the end of that. Agents
// are served even if it fails.
func (d *daemon) show(at []net.Listener) (hide func()) {
	d.shown.Store(d.conf)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	handler := status.New(d.side.Proxy(), status.Config{Configuration: d.inForce})
	go func() {
		defer close(ended)
		for _, l := range at {
			d.log.Info().Str("address", status.URL(l.Addr())).Msg("sidecar is shown over HTTP")
			if err := status.Serve(ctx, l, handler); err != nil {
				d.log.Error().Str("error", text(err)).Msg("the sidecar is not shown over HTTP any more; agents are served")
			}
		}
	}()
	return func() {
		stop()
		<-ended
	}
}

// inForce is what the archive has of the configuration.
func (d *daemon) inForce() any {
	return map[string]any{"settings": d.shown.Load().Shown(), "agents": d.side.Stats()}
}
