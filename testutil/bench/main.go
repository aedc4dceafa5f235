package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells report SIGINT
)

// run is the command.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	refuse := func(code int, format string, args ...any) int {
		_, _ = fmt.Fprintf(errs, "bench: "+format+"\n", args...)
		return code
	}
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.IntVar(&o.rounds, "rounds", 10, "rounds, 1 to 1000")
	only := flags.String("only", "", "measure the works whose names match this regular expression")
	curves := flags.Bool("curves", false, "measure how costs grow, instead of the works")
	asJSON := flags.Bool("json", false, "print one JSON array at the end and nothing else")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	switch {
	case o.rounds < 1 || o.rounds > 1000:
		return refuse(exitUsage, "-rounds is %d: give 1 to 1000", o.rounds)
	case flags.NArg() > 0:
		return refuse(exitUsage, "arguments %q: give none", flags.Args())
	case *only != "":
		var err error
		if o.only, err = regexp.Compile(*only); err != nil {
			return refuse(exitUsage, "-only is %q, which is no regular expression: %v", *only, err)
		}
	}
	works := allWorks()
	if *curves {
		works = allPoints()
	}
	results := []Result{} // an array in JSON, even if it is empty
	lines := out
	if *asJSON {
		lines = io.Discard
	}
	t := &table{w: lines}
	err := runAll(ctx, o, works, func(r Result) {
		if *curves {
			r = withGrowth(r, results)
		}
		results = append(results, r)
		t.row(&r)
	})
	if none, ok := errors.AsType[*noSuchWorkError](err); ok {
		return refuse(exitUsage, "-only %v", none)
	}
	if ctx.Err() != nil {
		return refuse(exitInterrupted, "interrupted")
	}
	if err != nil {
		return refuse(exitFailed, "%v", err)
	}
	t.legend()
	if *asJSON {
		err = json.NewEncoder(out).Encode(results)
	}
	if err != nil {
		return refuse(exitFailed, "cannot write the results: %v", err)
	}
	return exitOK
}
