package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Config configures a demo.
type Config struct {
	Servers, Callers int
	TLS              bool   // with a CA made for the demo
	Seed             uint64 // of the random choices; zero: another one each time
	Logger           zerolog.Logger

	Status net.Listener // the proxy is shown over HTTP there, and it is closed at the end; nil: it is not
	Hold   bool         // calls go on after the last step, until ctx ends; that is the end then, and no interruption
}

// Run runs the scenario and stops all that it started. It writes a line for each
// step to lines and, if progress is a terminal, draws there meanwhile; a nil
// progress is none. It blocks until the end of the scenario or of ctx. The report,
// never nil, has the steps that have ended, and the one that ctx has interrupted. The error reports which step failed and
// why, or is that of ctx.
func Run(ctx context.Context, s Scenario, cfg Config, lines, progress io.Writer) (*Report, error) {
	r := &Report{}
	screen := openScreen(lines, progress)
	defer screen.close()
	before := runtime.NumGoroutine()
	env, err := openEnv(cfg, s.Pace)
	if err != nil {
		if cfg.Status != nil {
			_ = cfg.Status.Close()
		}
		return r, err
	}
	hide := env.show(cfg)
	steps := s.Steps
	if cfg.Hold {
		steps = append(slices.Clone(steps), Step{Name: heldStep, Run: held})
	}
	err = env.runSteps(ctx, steps, cfg, screen, r)
	err = errors.Join(err, hide(), env.close())
	r.leaked = testutil.Leftover(before, 2*time.Second)
	return r, err
}

// runSteps runs one step after the other. A step is reported when the calls that
// began in it have ended.
func (env *Env) runSteps(ctx context.Context, steps []Step, cfg Config, screen *screen, r *Report) error {
	var last *count
	finish := env.callers.finish
	defer func() {
		finish()
		if ctx.Err() != nil && last != nil && len(r.counts) < len(steps) {
			env.tally.next("") // what was cut off is known to have ended
			<-last.settled
			r.actives = append(r.actives[:len(r.counts)], env.activeAddr())
			r.add(last)
			r.cut = true
		}
	}()
	report := func() {
		if last != nil {
			<-last.settled // each of its calls has a deadline
			screen.print(r.add(last))
		}
	}
	for i, step := range steps {
		current := env.tally.next(step.Name)
		if i == 0 {
			env.startCallers(ctx, cfg)
		}
		report()
		last = current
		screen.show(func() string { return env.progress(current, i, len(steps)) })
		if err := step.Run(ctx, env); err != nil {
			return fmt.Errorf("step %q: %w", step.Name, err)
		}
		select {
		case <-current.begun: // on a busy machine a step may end before a call begins
		case <-ctx.Done():
			return ctx.Err()
		}
		r.actives = append(r.actives, env.activeAddr())
	}
	finish()
	finish = func() {}
	env.tally.next("")
	report()
	return ctx.Err()
}

// heldStep is the step behind the last one.
const heldStep = "held until Ctrl-C"

// held waits for the end of ctx.
func held(ctx context.Context, _ *Env) error {
	<-ctx.Done()
	return ctx.Err()
}

// show shows the proxy over HTTP until hide is called, which waits for the end of that.
func (env *Env) show(cfg Config) (hide func() error) {
	if cfg.Status == nil {
		return func() error { return nil }
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- status.Serve(ctx, cfg.Status, status.New(env.proxy, status.Config{Configuration: shownConfig(cfg)}))
	}()
	return func() error {
		stop()
		return <-ended
	}
}

// shownConfig is what the archive has of a demo's configuration.
func shownConfig(cfg Config) map[string]any {
	return map[string]any{"servers": cfg.Servers, "callers": cfg.Callers, "tls": cfg.TLS, "seed": cfg.Seed}
}

// activeAddr is the address of the active server, to be printed.
func (env *Env) activeAddr() string {
	s, err := env.proxy.FindServer()
	if err != nil {
		return "none"
	}
	return s.Addr
}

// progress is the line that is drawn during a step: its place in the scenario, and
// its calls so far. It fits into 79 columns with the spinner.
func (env *Env) progress(c *count, index, steps int) string {
	bar := strings.Repeat("#", index+1) + strings.Repeat("-", steps-index-1)
	calls, failed, open := env.tally.read(c)
	return fmt.Sprintf("[%s] %-27s %6d calls %3d failed %3d open", bar, c.name, calls, failed, open)
}
