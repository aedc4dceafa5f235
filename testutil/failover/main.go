//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"

	"github.com/open-nomad/rpcproxy/testutil"
)

func main() { os.Exit(run(os.Args[1:])) }

// run answers the exit code.
func run(args []string) int {
	opt, err := parseOptions(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	breached := false
	switch {
	case err != nil:
	case opt.role != "":
		err = runRole(ctx, opt)
	default:
		breached, err = matrix(ctx, opt)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "failover:", err)
		return 2
	case breached:
		return 1
	}
	return 0
}

// runRole is what a process does that the rig has started. It prints records and
// ends when its input does.
func runRole(ctx context.Context, opt *options) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tell := make(scribe, 16)
	go func() {
		_ = tell.write(os.Stdout) // the reader has gone
		stop()
	}()
	defer testutil.StartPulse(func(s testutil.Stall) {
		select {
		case tell <- stalled(s):
		case <-ctx.Done():
		}
	})()
	if opt.role == roleServer {
		return runServer(ctx, opt, os.Stdin, tell)
	}
	orders := make(chan order, 16)
	go func() {
		defer stop() // it ends with the rig
		obey(ctx, os.Stdin, func(o order) {
			select {
			case orders <- o:
			case <-ctx.Done():
			}
		})
	}()
	if opt.role == clientSidecar {
		return runSidecar(ctx, opt, orders, tell, os.Stderr)
	}
	if !pause(ctx, rand.N(opt.ttlMax)) { // agents do not all start at once
		return ctx.Err()
	}
	if opt.role == clientStock {
		return runStock(ctx, opt, orders, tell, os.Stderr)
	}
	return runAgent(ctx, opt, orders, tell, os.Stderr)
}

// matrix runs all faults and prints the report. It returns whether a limit was broken.
func matrix(ctx context.Context, opt *options) (breached bool, err error) {
	if opt.logs != "" {
		if err := os.MkdirAll(opt.logs, 0o755); err != nil {
			return false, err
		}
	}
	r, err := newRig(opt)
	defer r.close()
	if err != nil {
		return false, err
	}
	say("3 servers and %d agents started", len(r.agents))
	if err := r.settle(ctx); err != nil {
		return false, err
	}
	say("all agents send heartbeats; per server: %s", r.loads())
	var rows []row
	var breaches []string
	for _, name := range opt.faults {
		h := newHarvest()
		for i := 0; i < opt.repeat && err == nil; i++ {
			f := faultNamed(name)
			err = f.run(r, ctx, f, h)
		}
		got, broken := conclude(name, h)
		rows, breaches = append(rows, got...), append(breaches, broken...)
		if err != nil {
			break // what there is, is still worth a table
		}
	}
	err = errors.Join(err, publish(rows))
	say("the machine kept the servers and this process waiting for %.1f s in all", r.starved(began).Seconds())
	for _, b := range breaches {
		say("LIMIT BROKEN: %s", b)
	}
	return len(breaches) > 0, err
}

// conclude makes the rows of one fault and returns which limits were broken.
func conclude(name string, h *harvest) (rows []row, breaches []string) {
	f := faultNamed(name)
	elsewhere := name + ", elsewhere"
	for _, kind := range clientKinds {
		if s := h.attached[kind]; len(s) > 0 {
			w := sum(name, kind, s)
			w.loads, w.back = h.loads[kind], h.back[kind]
			rows = append(rows, w)
		}
		if s := h.elsewhere[kind]; len(s) > 0 && f.onLeader {
			rows = append(rows, sum(elsewhere, kind, s))
		}
	}
	for _, kind := range held {
		if s := h.attached[judged(kind)]; len(s) > 0 {
			w := sum(name, kind, s)
			w.back = h.back[kind]
			breaches = append(breaches, f.limit.breaches(w)...)
		}
		if s := h.elsewhere[judged(kind)]; len(s) > 0 {
			breaches = append(breaches, limit{}.breaches(sum(elsewhere, kind, s))...)
		}
	}
	return rows, breaches
}

// publish prints the table, and writes the figures to the file that FAILOVER_JSON names.
func publish(rows []row) error {
	err := table(os.Stdout, rows)
	path := os.Getenv("FAILOVER_JSON")
	if path == "" {
		return err
	}
	f, createErr := os.Create(path)
	if createErr != nil {
		return errors.Join(err, createErr)
	}
	return errors.Join(err, lines(f, rows), f.Close())
}
