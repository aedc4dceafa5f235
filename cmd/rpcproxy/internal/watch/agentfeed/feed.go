package agentfeed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/agentapi"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Config says which agent is read, and how.
type Config struct {
	// Agent has the address under which the status handler is served: a URL of the scheme http
	// or https, host:port, which is http, or unix: and the path of a socket; and certificates.
	Agent agentapi.Config

	// Idle is how long nothing may come; an agent sends its state every 2 s. Zero: 10 s.
	Idle time.Duration
	// Poll is the time between two requests to an agent without events. Zero: 2 s.
	Poll time.Duration
	// Once makes the first trouble the error of Run.
	Once bool
}

// AddrError reports that Config.Agent.Addr is no address of a status handler.
type AddrError struct {
	Addr   string // as given
	Reason string
}

func (e *AddrError) Error() string {
	return fmt.Sprintf("%s is no address of an agent's status: %s; give http://host:port, https://host:port or unix:PATH",
		printable.Quote(printable.WithoutSecrets(e.Addr), printable.MaxName), printable.Text(e.Reason))
}

// Feed is a watch.Source.
type Feed struct {
	cfg       Config
	target    *url.URL
	transport *http.Transport
}

// New makes a Feed. It connects to nothing; it waits for certificates that are pipes. The error
// is an *AddrError, or about the certificates.
func New(ctx context.Context, cfg Config) (*Feed, error) {
	if cfg.Idle == 0 {
		cfg.Idle = 10 * time.Second
	}
	if cfg.Poll == 0 {
		cfg.Poll = 2 * time.Second
	}
	api := cfg.Agent
	if path, ok := strings.CutPrefix(api.Addr, "unix:"); ok {
		if path = strings.TrimPrefix(path, "//"); path == "" {
			return nil, &AddrError{cfg.Agent.Addr, "there is no path behind unix:"}
		}
		api.Addr = "unix://" + path
	}
	target, transport, err := agentapi.Open(ctx, api)
	if wrong, ok := errors.AsType[*agentapi.AddrError](err); ok {
		return nil, &AddrError{cfg.Agent.Addr, wrong.Reason}
	}
	if err != nil {
		return nil, err
	}
	return &Feed{cfg: cfg, target: target, transport: transport}, nil
}

// The pause after a failure, that doubles with each further one.
const (
	firstPause = 250 * time.Millisecond
	mostPause  = 5 * time.Second
)

// Run reads until ctx ends, whose error it returns. If it cannot read it says so, and tries
// again; with Config.Once it ends.
func (f *Feed) Run(ctx context.Context, emit func(watch.Event)) error {
	pause := firstPause
	for {
		told := false
		err := f.read(ctx, func(e watch.Event) {
			if !told {
				told, pause = true, firstPause
				emit(watch.Linked{At: time.Now(), Up: true})
			}
			emit(e)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if f.cfg.Once && !told {
			return err
		}
		emit(watch.Linked{At: time.Now(), Why: contain.Text(err)})
		if !sleep(ctx, pause/2+rand.N(pause)) {
			return ctx.Err()
		}
		pause = min(2*pause, mostPause)
	}
}

// sleep waits for d, or for the end of ctx, and reports whether to go on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
