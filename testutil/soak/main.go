package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	kept    = 0
	breaks  = 1
	useless = 2 // it could not run, or could not say what it found
)

// run is the command.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(progress, format, args...) }
	set := setting{progress: progress}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.DurationVar(&set.duration, "duration", 10*time.Minute, "how long faults go on")
	flags.IntVar(&set.callers, "callers", 200, "callers at the same time")
	flags.Uint64Var(&set.seed, "seed", 0, "the same seed gives the same plan of faults; 0: by chance")
	asJSON := flags.Bool("json", false, "report as one JSON object")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return kept
		}
		return useless
	}
	if set.duration <= 0 || set.callers <= 0 || flags.NArg() > 0 {
		say("soak: duration %v, callers %d, arguments %q: give positive numbers and no arguments\n", set.duration, set.callers, flags.Args())
		return useless
	}
	for set.seed == 0 {
		set.seed = rand.Uint64()
	}
	say("seed %d\n", set.seed)
	r, err := soak(ctx, set)
	if err != nil {
		say("soak: %v\n", err)
		return useless
	}
	write := r.text
	if *asJSON {
		write = r.json
	}
	if err := write(out); err != nil {
		say("soak: cannot write the report: %v\n", err)
		return useless
	}
	if r.breaches.total() > 0 {
		return breaks
	}
	return kept
}
