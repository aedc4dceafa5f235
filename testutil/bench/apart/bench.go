package apart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/round"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

// slice is how long each client works in a round: hundreds of calls, or one of each caller.
const slice = 150 * time.Millisecond

// Config configures a Bench. The zero value works.
type Config struct {
	// Variants are the names of the clients that are measured. Empty: all.
	Variants []string
	// Profiles is the directory, which must exist, for CPU profiles of the clients, one of each
	// in each row. Empty: none.
	Profiles string
}

// Bench is the servers, and what clients are made of. One goroutine may use it at a time.
type Bench struct {
	cfg      Config
	dir      string
	variants []variant
	programs programs
	place    placing
	servers  map[string]*process // by listener
	started  []*process
}

// Open builds the workers, which takes seconds, and starts the servers. They end with ctx, or by
// Close, which the caller must call. The error is a *NoSuchClientError, or that of building, or of
// a worker.
func Open(ctx context.Context, cfg Config) (_ *Bench, err error) {
	b := &Bench{cfg: cfg, servers: map[string]*process{}}
	if b.variants, err = choose(cfg.Variants); err != nil {
		return nil, err
	}
	if cfg.Profiles != "" {
		if b.cfg.Profiles, err = filepath.Abs(cfg.Profiles); err != nil {
			return nil, err
		}
	}
	b.place = place(allowed())
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if b.programs, err = build(ctx, b.dir, b.variants); err != nil {
		return nil, err
	}
	if err := b.serve(ctx, b.programs.server()); err != nil {
		return nil, err
	}
	for _, v := range b.variants {
		if v.server == worker.GRPC {
			if err := b.serve(ctx, b.programs.client(v), "-serve"); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// serve starts a server.
func (b *Bench) serve(ctx context.Context, program string, args ...string) error {
	p, err := start(ctx, b.place.server, program, args...)
	if err != nil {
		return err
	}
	b.started = append(b.started, p)
	for listener := range p.ready.Addrs {
		b.servers[listener] = p
	}
	return nil
}

// Close ends the servers and blocks until they have ended.
func (b *Bench) Close() error {
	var errs []error
	for _, p := range b.started {
		errs = append(errs, p.close())
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}

// client is the client of a variant in one row.
type client struct {
	*process
	server  *process
	samples []sample
	peak    int64 // bytes of memory
}

// sample is what one client did in one round.
type sample struct {
	round.Sample
	server float64 // CPU time of the server, nanoseconds per call
}

// Measure measures a row in so many rounds, and blocks until then. The error is that of a worker,
// or of ctx.
func (b *Bench) Measure(ctx context.Context, row Row, rounds int) (r Result, err error) {
	clients := make([]*client, len(b.variants))
	defer func() {
		for _, c := range clients {
			if c != nil {
				err = errors.Join(err, c.close())
			}
		}
		if ctx.Err() != nil {
			err = ctx.Err() // the rest follows from that
		}
	}()
	for i, v := range b.variants {
		server := b.servers[v.server]
		args := []string{"-addr", server.ready.Addrs[v.server], "-call", row.Call, "-callers", strconv.Itoa(row.Callers)}
		if b.cfg.Profiles != "" {
			args = append(args, "-cpuprofile", filepath.Join(b.cfg.Profiles, row.file(v)))
		}
		p, err := start(ctx, b.place.client, b.programs.client(v), args...)
		if err != nil {
			return r, err
		}
		clients[i] = &client{process: p, server: server}
	}
	for n := range rounds {
		for i := range clients {
			if err := clients[(n+i)%len(clients)].round(); err != nil {
				return r, fmt.Errorf("%s: %w", row.Name(), err)
			}
		}
	}
	return b.result(row, clients), nil
}

// round has the client work, while the others wait.
func (c *client) round() error {
	before, err := c.server.work(0)
	if err != nil {
		return err
	}
	did, err := c.work(slice)
	if err != nil {
		return err
	}
	after, err := c.server.work(0)
	if err != nil {
		return err
	}
	used := float64(after.CPUTotal-before.CPUTotal) / float64(did.Calls)
	c.samples, c.peak = append(c.samples, sample{did.Sample, used}), did.PeakBytes
	return nil
}
