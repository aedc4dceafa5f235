package apart

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/open-nomad/rpcproxy/testutil/bench/path"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
	"github.com/open-nomad/rpcproxy/testutil/bench/round"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

// Config configures a Bench. The zero value works.
type Config struct {
	// Unpinned leaves it to the kernel where workers run.
	Unpinned bool
	// Profiles is the directory, which must exist, for CPU profiles of the clients, one of each
	// in each row. Empty: none.
	Profiles string
}

// Bench is the servers, and what clients are made of. One goroutine may use it at a time.
type Bench struct {
	cfg      Config
	programs *Programs
	place    placing
	servers  map[string]*process // by listener
	started  []*process
	paths    map[string]*plainserver.Listener // of the rows that are far, by listener
}

// Open starts the servers. They end with ctx, or by Close, which the caller must call. It blocks
// until they listen; the error is that of one that does not.
func Open(ctx context.Context, programs *Programs, cfg Config) (_ *Bench, err error) {
	b := &Bench{cfg: cfg, programs: programs, place: placing{note: "on any CPU"}, servers: map[string]*process{}, paths: map[string]*plainserver.Listener{}}
	if !cfg.Unpinned {
		b.place = place(allowed())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if err := b.serve(ctx, programs.server()); err != nil {
		return nil, err
	}
	for _, v := range programs.variants {
		if v.server == worker.GRPC {
			if err := b.serve(ctx, programs.client(v), "-serve"); err != nil {
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
	for _, p := range b.paths {
		errs = append(errs, p.Close())
	}
	for _, p := range b.started {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// addr is where the clients of a row find a listener. The path to it is made if there is none.
func (b *Bench) addr(row Row, listener string) (string, error) {
	addr := b.servers[listener].ready.Addrs[listener]
	if !row.Far {
		return addr, nil
	}
	if b.paths[listener] == nil {
		far, err := path.Start(addr, path.Far())
		if err != nil {
			return "", err
		}
		b.paths[listener] = far
	}
	return b.paths[listener].Addr(), nil
}

// client is the client of a variant in one row.
type client struct {
	*process
	server  *process
	row     Row
	samples []sample
	peak    int64 // bytes of memory
}

// sample is what one client did in one round.
type sample struct {
	round.Sample
	server float64 // CPU time of the server, nanoseconds per call
	idle   float64 // the median of a call with none beside it, in nanoseconds; 0: not measured
}

// Measure measures a row in so many rounds, and blocks until then. The error is that of a worker,
// or of ctx.
func (b *Bench) Measure(ctx context.Context, row Row, rounds int) (r Result, err error) {
	variants := row.of(b.programs.variants)
	clients := make([]*client, len(variants))
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
	for i, v := range variants {
		server := b.servers[v.server]
		addr, err := b.addr(row, v.server)
		if err != nil {
			return r, err
		}
		args := []string{"-addr", addr, "-call", row.Call, "-callers", strconv.Itoa(row.Callers), "-beside", row.Beside}
		if b.cfg.Profiles != "" {
			args = append(args, "-cpuprofile", filepath.Join(b.cfg.Profiles, row.file(v)))
		}
		p, err := start(ctx, b.place.client, b.programs.client(v), args...)
		if err != nil {
			return r, err
		}
		clients[i] = &client{process: p, server: server, row: row}
	}
	for n := range rounds {
		for i := range clients {
			if err := clients[(n+i)%len(clients)].round(); err != nil {
				return r, fmt.Errorf("%s: %w", row.Name(), err)
			}
		}
	}
	return b.result(row, rounds, variants, clients), nil
}

// round has the client work, while the others wait.
func (c *client) round() error {
	idle := 0.0
	if c.row.Beside != "" {
		did, err := c.work(worker.Order{RoundNS: int64(c.row.slice())})
		if err != nil {
			return err
		}
		idle = did.P50
	}
	before, err := c.server.work(worker.Order{})
	if err != nil {
		return err
	}
	did, err := c.work(worker.Order{RoundNS: int64(c.row.slice()), Beside: c.row.Beside != ""})
	if err != nil {
		return err
	}
	after, err := c.server.work(worker.Order{})
	if err != nil {
		return err
	}
	used := float64(after.CPUTotal-before.CPUTotal) / float64(did.Calls)
	c.samples, c.peak = append(c.samples, sample{did.Sample, used, idle}), did.PeakBytes
	return nil
}
