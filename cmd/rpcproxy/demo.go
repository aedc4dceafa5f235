package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/testutil"
)

// demo is the command demo.
type demo struct {
	play    play
	setting setting
	json    bool
	verbose bool
}

func newDemo(p play) *cobra.Command {
	d := &demo{play: p}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play through what befalls a cluster, and show that calls go on",
		Long: `demo starts a cluster of fake servers inside this process, a proxy in front of
it, callers and a heartbeat, and plays for half a minute what befalls clusters.
It needs no network and no other program.

Each act tells how many calls began in it, how many of these failed, the longest
time in which no call succeeded, and the server in use at its end. Every call
has 30 s, longer than any outage of the play: a call that fails was lost.

Exit status: 0 no call was lost, 1 some were, or goroutines were left, 2 bad
usage, 130 interrupted.`,
		Example: `  rpcproxy demo
  rpcproxy demo --servers 3 --callers 200 --verbose
  rpcproxy demo --tls
  rpcproxy demo --json | jq .failed`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd) },
	}
	flags := cmd.Flags()
	flags.IntVar(&d.setting.servers, "servers", 5, "servers to begin with, 3 to 9")
	flags.IntVar(&d.setting.callers, "callers", 50, "callers, 1 to 1000")
	flags.Uint64Var(&d.setting.seed, "seed", 0, "repeat the random choices of that seed; 0 makes new ones")
	flags.BoolVar(&d.setting.tls, "tls", false, "play it over TLS, with an authority made for the play")
	flags.BoolVar(&d.json, "json", false, "print one JSON object at the end and nothing else")
	flags.BoolVarP(&d.verbose, "verbose", "v", false, "show the proxy's log on standard error")
	return cmd
}

func (d *demo) run(cmd *cobra.Command) error {
	switch n := d.setting; {
	case n.servers < 3 || n.servers > 9:
		return fmt.Errorf("--servers is %d: give 3 to 9, so that one can be missed", n.servers)
	case n.callers < 1 || n.callers > 1000:
		return fmt.Errorf("--callers is %d: give 1 to 1000", n.callers)
	}
	errs := cmd.ErrOrStderr()
	lines, progress := cmd.OutOrStdout(), errs
	if d.verbose {
		d.setting.logger = zerolog.New(zerolog.SyncWriter(zerolog.ConsoleWriter{Out: errs})).With().Timestamp().Logger()
		progress = nil // it would be torn apart by the log
	}
	if d.json {
		lines = io.Discard
	}
	screen := openScreen(lines, progress)
	r, err := d.perform(cmd.Context(), screen)
	screen.close()
	if cmd.Context().Err() != nil {
		return errInterrupted
	}
	for _, cause := range r.causes() {
		fmt.Fprintln(errs, "lost:", cause)
	}
	if err != nil {
		return failed(err)
	}
	write := r.table
	if d.json {
		write = r.json
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return failed(err)
	}
	if err := r.verdict(); err != nil {
		return failed(err)
	}
	return nil
}

// perform plays the acts and takes everything down again. The report, never nil,
// is that of the acts that were played.
func (d *demo) perform(ctx context.Context, screen *screen) (*report, error) {
	r := &report{}
	before := runtime.NumGoroutine()
	st, err := openStage(d.setting, d.play.pace)
	if err != nil {
		return r, err
	}
	err = d.acts(ctx, st, screen, r)
	err = errors.Join(err, st.strike())
	r.leaked = testutil.Leftover(before, 2*time.Second)
	return r, err
}

// acts plays one act after the other. An act begins when the calls of the one
// before have ended.
func (d *demo) acts(ctx context.Context, st *stage, screen *screen, r *report) error {
	finish := st.callers.finish
	defer func() { finish() }()
	var last *account
	settled := func() {
		if last != nil {
			<-last.settled // each of its calls has a deadline
			screen.print(r.add(last))
		}
	}
	for i, a := range d.play.acts {
		now := st.books.turn(a.name)
		if i == 0 {
			st.populate(ctx, d.setting)
		}
		settled()
		last = now
		screen.show(func() string { return progress(st, now, i, len(d.play.acts)) })
		if err := a.run(ctx, st); err != nil {
			return fmt.Errorf("act %q: %w", a.name, err)
		}
		select {
		case <-now.begun: // on a machine that is busy enough, an act is over before anybody calls
		case <-ctx.Done():
			return ctx.Err()
		}
		r.actives = append(r.actives, frontOf(st))
	}
	finish()
	finish = func() {}
	st.books.turn("")
	settled()
	return ctx.Err()
}

// frontOf is the active server, for show.
func frontOf(st *stage) string {
	s, err := st.proxy.FindServer()
	if err != nil {
		return "none"
	}
	return s.Addr
}
