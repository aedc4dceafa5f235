package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// simulateCommand is the command simulate.
type simulateCommand struct {
	list     bool
	show     string
	short    bool
	clients  int
	servers  int
	duration time.Duration
	policies []string
	seed     uint64
	json     bool
	plot     string
	quiet    bool

	told func(fleet.Progress) // after each second of virtual time; may be nil
}

func newSimulate() *cobra.Command { return new(simulateCommand).command() }

func (s *simulateCommand) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate NAME|FILE",
		Short: "Simulate what a fleet of clients does to its cluster",
		Long: `simulate runs a scenario with up to 1,000,000 clients under a virtual clock, on the
code that decides in a real one, once for each policy of choosing servers, and prints
what came out side by side. The policies are shuffle, rendezvous, seat (shuffle with
fleet indexes) and stock (a model of the client of Nomad 2.0.6, to compare with).

A scenario is text with one statement a line: the fleet, what happens to it and when,
and what must come out. --list names those that the program has, and --show prints
one. What is no such name is a file, or standard input (-).

The same scenario and seed give the same output, on every machine. While it runs,
standard error tells how far it is. --plot also draws, for each policy, the active
clients of each server and the connections it gets in a second.

Exit status: 0 all expectations hold, 1 one does not, 2 bad usage or a scenario that
makes no sense, 130 interrupted, with what had come out up to then.`,
		Example: `  rpcproxy simulate --list
  rpcproxy simulate outage --short
  rpcproxy simulate rolling-fast --policy seat,stock --plot rolling.svg
  rpcproxy simulate kill --clients 10000 --policy all --json | jq .held
  rpcproxy simulate --show kill > mine.fleet
  rpcproxy simulate mine.fleet --seed 7 --for 10m`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeScenario,
		RunE:              func(cmd *cobra.Command, args []string) error { return s.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&s.list, "list", false, "print the names of the scenarios, with what each is about")
	flags.StringVar(&s.show, "show", "", "print the text of the scenario of that name")
	flags.BoolVar(&s.short, "short", false, "run the short form of the scenario, with fewer clients or less time")
	flags.IntVar(&s.clients, "clients", 0, "how many clients there are, each of them simulated; default: the scenario's")
	flags.IntVar(&s.servers, "servers", 0, "how many servers there are; default: the scenario's")
	flags.DurationVar(&s.duration, "for", 0, "virtual time to run, after the warm-up; default: the scenario's")
	flags.StringSliceVar(&s.policies, "policy", nil, "policies to run, of shuffle, rendezvous, seat, stock, or all; default: the scenario's")
	flags.Uint64Var(&s.seed, "seed", 0, "seed of all chance; 0: the scenario's")
	flags.BoolVar(&s.json, "json", false, "print one JSON object")
	flags.StringVar(&s.plot, "plot", "", "draw the runs into this file, which ends in .svg or .html")
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "do not tell how far it is")
	cmd.MarkFlagsMutuallyExclusive("list", "show")
	for flag, complete := range map[string]cobra.CompletionFunc{
		"policy": completePolicies, "show": completeNames, "plot": completePlot,
	} {
		if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
			panic(err) // the flags were added just above
		}
	}
	return cmd
}

func (s *simulateCommand) run(cmd *cobra.Command, args []string) error {
	switch out := cmd.OutOrStdout(); {
	case len(args) > 0 && (s.list || s.show != ""):
		return errors.New("--list and --show run nothing: give them without another name or file")
	case s.list:
		return listScenarios(out)
	case cmd.Flags().Changed("show"):
		return showScenario(out, s.show)
	case len(args) == 0:
		return errors.New("no scenario: give a name or a file; rpcproxy simulate --list lists the names")
	}
	policies, err := s.readPolicies(cmd)
	if err != nil {
		return err
	}
	var plot *plotFile
	if cmd.Flags().Changed("plot") {
		if plot, err = newPlotFile(s.plot); err != nil {
			return err
		}
	}
	scenario, err := readScenario(cmd, args[0])
	if err != nil {
		return err
	}
	if scenario, err = s.changed(cmd, scenario); err != nil {
		return err
	}
	spareCollection()
	tell := newTeller(cmd.ErrOrStderr(), s.quiet)
	c, err := fleet.Compare(cmd.Context(), scenario, fleet.Options{Policies: policies, Seed: s.seed, Progress: func(p fleet.Progress) {
		tell.progress(p)
		if s.told != nil {
			s.told(p)
		}
	}})
	tell.wipe()
	return s.report(cmd, c, plot, err)
}

// report prints what came out, draws it, and says how it went. An interrupted run has what
// there was until then. What cannot be drawn does not keep it from being printed, and the
// other way round.
func (s *simulateCommand) report(cmd *cobra.Command, c *fleet.Comparison, plot *plotFile, ran error) error {
	interrupted := cmd.Context().Err() != nil
	if ran != nil && !interrupted {
		return failed(ran)
	}
	if c == nil || len(c.Runs) == 0 && !s.json { // a table of nothing says nothing
		return errInterrupted
	}
	var drawn error
	if plot != nil && len(c.Runs) > 0 {
		drawn = plot.draw(c)
	}
	write := c.Table
	if s.json {
		write = c.JSON
	}
	printed := write(cmd.OutOrStdout())
	switch {
	case printed != nil:
		return failed(errors.Join(fmt.Errorf("the figures cannot be written: %w", printed), drawn))
	case interrupted:
		return errInterrupted
	}
	findings := c.Failed()
	if len(findings) > 0 {
		s.tellFindings(cmd.ErrOrStderr(), findings)
		drawn = errors.Join(fmt.Errorf("%s of %s do not hold", numbered(len(findings), "comparison"), numbered(len(c.Scenario.Expect), "expectation")), drawn)
	}
	if drawn != nil {
		return failed(drawn)
	}
	return nil
}

// tellFindings prints each in a line, where the output is for programs: the table has them
// too.
func (s *simulateCommand) tellFindings(errs io.Writer, findings []fleet.Finding) {
	if !s.json {
		return
	}
	for _, f := range findings {
		fmt.Fprintln(errs, "failed:", f)
	}
}

// numbered is a number of things.
func numbered(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
