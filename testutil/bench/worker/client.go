package worker

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/round"
)

// Setup is what a client is to do.
type Setup struct {
	Addr    string // of the server
	Call    body.Call
	Callers int
	Beside  *body.Call // that one caller more makes, in the rounds that have it; nil: none
}

// Caller makes a call and blocks until reply, a pointer, has its answer. It is used by all callers
// at the same time, each of whom has a number from 0; that of Beside has the number Callers.
type Caller func(ctx context.Context, caller int, method string, args, reply any) error

// Opened is a client.
type Opened struct {
	Call  Caller
	Check func(reply any) error // nil: that of the Setup's Call
	Close func() error
}

// Client is the main function of a client: it opens the client, makes calls in the rounds that it
// is told to, and closes it. It ends the process, with 1 if something failed.
//
// Its flags are -addr, -call, -callers, -beside and -cpuprofile, a file for a profile of all rounds.
func Client(open func(ctx context.Context, s Setup) (*Opened, error)) {
	if err := client(os.Args[1:], os.Stdin, os.Stdout, open); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func client(args []string, in io.Reader, out io.Writer, open func(context.Context, Setup) (*Opened, error)) (err error) {
	var s Setup
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	flags.StringVar(&s.Addr, "addr", "", "the server")
	name := flags.String("call", "", "the call, by its name in package body")
	flags.IntVar(&s.Callers, "callers", 1, "how many calls at a time, 1 to 4096")
	beside := flags.String("beside", "", "a call that one caller more makes in some rounds; empty: none")
	profile := flags.String("cpuprofile", "", "write a CPU profile of the rounds to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.Callers < 1 || s.Callers > 4096 {
		return refuse(out, fmt.Errorf("-callers is %d: give 1 to 4096", s.Callers))
	}
	if s.Call, err = body.Find(*name); err != nil {
		return refuse(out, fmt.Errorf("-call: %w", err))
	}
	if *beside != "" {
		other, err := body.Find(*beside)
		if err != nil {
			return refuse(out, fmt.Errorf("-beside: %w", err))
		}
		s.Beside = &other
	}
	ctx := context.Background()
	c, err := open(ctx, s)
	if err != nil {
		return refuse(out, err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	g := round.New(s.work(c))
	if _, err := g.Round(ctx, warm); err != nil { // streams are open, and buffers are there
		return refuse(out, err)
	}
	stop, err := startProfile(*profile)
	if err != nil {
		return refuse(out, err)
	}
	defer func() { err = errors.Join(err, stop()) }()
	return obey(in, out, Ready{}, func(o Order) (r Report, err error) {
		stop := func() error { return nil }
		if o.Beside && s.Beside != nil {
			stop = s.begin(ctx, c)
		}
		r.Sample, err = g.Round(ctx, time.Duration(o.RoundNS))
		return r, errors.Join(err, stop())
	})
}

// begin has the caller of Beside make its call again and again. stop blocks until the last one was
// answered; its error is that of the call that failed.
func (s Setup) begin(ctx context.Context, c *Opened) (stop func() error) {
	var enough atomic.Bool
	ended := make(chan error, 1)
	one := s.one(c, *s.Beside)
	go func() {
		err := one(ctx, s.Callers) // also where the round is over before this goroutine runs
		for err == nil && !enough.Load() {
			err = one(ctx, s.Callers)
		}
		ended <- err
	}()
	return func() error {
		enough.Store(true)
		return <-ended
	}
}

// warm is how long a client works before the first round.
const warm = 50 * time.Millisecond

// work has each caller make one call after the other. A reply that is not the server's ends it.
func (s Setup) work(c *Opened) round.Work {
	one := s.one(c, s.Call)
	return round.Work{Workers: s.Callers, Chunk: 1, Timed: true, Do: func(ctx context.Context, caller, _ int) error {
		return one(ctx, caller)
	}}
}

// one makes a call and looks at its reply.
func (s Setup) one(c *Opened, call body.Call) func(ctx context.Context, caller int) error {
	check := c.Check
	if check == nil {
		check = call.Check
	}
	return func(ctx context.Context, caller int) error {
		reply := call.New()
		if err := c.Call(ctx, caller, call.Method, call.Args, reply); err != nil {
			return err
		}
		return check(reply)
	}
}

func startProfile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
