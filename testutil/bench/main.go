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
	"strings"

	"github.com/open-nomad/rpcproxy/testutil/bench/apart"
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
	clients := flags.String("clients", "", "of the works client/..., measure these clients, separated by commas: "+strings.Join(apart.Variants(), ","))
	flags.StringVar(&o.apart.Profiles, "cpuprofile", "", "write CPU profiles of the clients of the works client/... to this directory")
	flags.BoolVar(&o.apart.Unpinned, "unpinned", false, "let the processes of the works client/... run on any CPU, instead of clients on one and servers on another")
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
	if *clients != "" {
		o.clients = strings.Split(*clients, ",")
	}
	rows, works := apart.Rows(), allWorks()
	if *curves {
		rows, works = nil, allPoints()
	}
	var err error
	if rows, works, err = o.pick(rows, works); err != nil {
		return refuse(exitUsage, "-only %v", err)
	}
	report := &report{all: []any{}, lines: out}
	if *asJSON {
		report.lines = io.Discard
	}
	err = runRows(ctx, o, rows, report)
	if err == nil {
		err = runAll(ctx, o, works, report.add)
	}
	if none, ok := errors.AsType[*apart.NoSuchClientError](err); ok {
		return refuse(exitUsage, "-clients: %v", none)
	}
	if ctx.Err() != nil {
		return refuse(exitInterrupted, "interrupted")
	}
	if err != nil {
		return refuse(exitFailed, "%v", err)
	}
	report.legend()
	if *asJSON {
		err = json.NewEncoder(out).Encode(report.all)
	}
	if err != nil {
		return refuse(exitFailed, "cannot write the results: %v", err)
	}
	return exitOK
}
