package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	if role := os.Getenv(roleVar); role != "" {
		os.Exit(playRole(role))
	}
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
	flags := flag.NewFlagSet("hostile", flag.ContinueOnError)
	flags.SetOutput(progress)
	only := flags.String("only", "", "the scenarios whose kind/name match this expression")
	short := flags.Bool("short", false, "some scenarios of each kind only")
	jobs := flags.Int("jobs", 4, "how many scenarios are run at a time")
	list := flags.Bool("list", false, "print the names of the scenarios, and run none")
	asJSON := flags.Bool("json", false, "report as one JSON array")
	asMarkdown := flags.Bool("markdown", false, "report the peaks of each kind, and the worst scenarios, as tables of markdown")
	leak := flags.String("plant", "", "leak `rss`, goroutines or fds in the agent's process, to see that it is noticed")
	flags.Usage = func() { usage(flags) }
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return kept
		}
		return useless
	}
	if flags.NArg() > 0 || *jobs < 1 {
		say("hostile: arguments %q, jobs %d: give none, and one or more\n", flags.Args(), *jobs)
		return useless
	}
	chosen, err := choose(*only, *short)
	if err != nil {
		say("hostile: %v\n", err)
		return useless
	}
	var results []result
	if *list {
		for _, s := range chosen {
			results = append(results, result{Name: s.String()})
		}
		return conclude(results, names, out, say)
	}
	if !measured {
		say("hostile: this system does not tell memory, descriptors and CPU of a process: goroutines only\n")
	}
	results, err = runAll(ctx, chosen, *jobs, *leak, say)
	if err != nil {
		say("hostile: %v\n", err)
		return useless
	}
	write := table
	switch {
	case *asJSON:
		write = writeJSON
	case *asMarkdown:
		write = markdown
	}
	return conclude(results, write, out, say)
}

// runAll runs the scenarios, some at a time. With an error the results so far are lost:
// they would pass for all there are.
func runAll(ctx context.Context, chosen []*scenario, jobs int, leak string, say func(string, ...any)) (results []result, err error) {
	r, err := newRig(leak)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	type ended struct {
		at  int
		res result
		err error
	}
	next, done := make(chan int), make(chan ended)
	for range jobs {
		go func() {
			for i := range next {
				res, err := r.run(ctx, chosen[i])
				done <- ended{i, res, err}
			}
		}()
	}
	defer close(next)
	results = make([]result, len(chosen))
	for begun, over := 0, 0; over < begun || over < len(chosen) && err == nil; {
		give := next
		if begun == len(chosen) || err != nil {
			give = nil
		}
		select {
		case give <- begun:
			begun++
		case e := <-done:
			over++
			results[e.at], err = e.res, errors.Join(err, e.err)
			verdict := "ok"
			if len(e.res.Breaches) > 0 {
				verdict = "BREACH"
			}
			say("%d/%d %-6s %v\n", over, len(chosen), verdict, chosen[e.at])
		}
	}
	return results, err
}

// conclude writes the report; the exit code says whether all bounds were kept.
func conclude(results []result, write func(io.Writer, []result) error, out io.Writer, say func(string, ...any)) int {
	if err := write(out, results); err != nil {
		say("hostile: cannot write the report: %v\n", err)
		return useless
	}
	for _, r := range results {
		if len(r.Breaches) > 0 {
			return breaks
		}
	}
	return kept
}

// usage prints the flags but for the one that is for tests.
func usage(flags *flag.FlagSet) {
	shown := flag.NewFlagSet(flags.Name(), flag.ContinueOnError)
	shown.SetOutput(flags.Output())
	flags.VisitAll(func(f *flag.Flag) {
		if f.Name != "plant" {
			shown.Var(f.Value, f.Name, f.Usage)
		}
	})
	shown.Usage()
}
