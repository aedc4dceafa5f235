package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		os.Exit(2)
	}
}

// scenario is what the flags set besides the configuration.
type scenario struct {
	name, policy string
	down, gap    time.Duration
	each         time.Duration
}

// run does what args say and prints it to out.
func run(args []string, out io.Writer) error {
	var c fleet.Config
	var s scenario
	flags := flag.NewFlagSet("fleetsim", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.name, "s", "none", "none, outage, kill, freeze, rolling, join")
	flags.StringVar(&s.policy, "p", "shuffle", "shuffle, rendezvous, seat, stock")
	flags.DurationVar(&s.down, "down", time.Minute, "how long servers are away")
	flags.DurationVar(&s.gap, "gap", 2*time.Minute, "between the servers of a rolling restart")
	flags.DurationVar(&s.each, "each", 0, "print the state so often")
	flags.IntVar(&c.Agents, "n", 10000, "agents")
	flags.IntVar(&c.Nodes, "nodes", 0, "in the cluster, of which the agents are a sample; 0: the agents")
	flags.IntVar(&c.Servers, "servers", 5, "servers")
	flags.IntVar(&c.Begin, "begin", 0, "servers at the beginning; 0: all")
	flags.IntVar(&c.Handshakes, "hs", 0, "handshakes a second per server; 0: any number")
	flags.IntVar(&c.Heartbeats, "hb", 50, "heartbeats a second that the cluster grants")
	flags.Uint64Var(&c.Seed, "seed", 1, "of chance")
	flags.DurationVar(&c.Warm, "warm", 15*time.Minute, "before what is counted")
	flags.DurationVar(&c.For, "for", 5*time.Minute, "what is counted")
	flags.DurationVar(&c.Start, "start", 6*time.Minute, "agents start over this time")
	flags.DurationVar(&c.RTT, "rtt", time.Millisecond, "round trip time")
	flags.BoolVar(&c.Discovery, "disc", false, "agents have a discoverer")
	flags.BoolVar(&c.NoBeats, "nobeats", false, "no heartbeats while it is counted")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for p := fleet.Shuffle; p <= fleet.Stock; p++ {
		if p.String() == s.policy {
			c.Policy = p
		}
	}
	c.Faults = s.faults(c)
	began := time.Now()
	f := fleet.New(c)
	f.Run()
	r := f.Report()
	_, err := fmt.Fprintf(out, "%s of %d, %s, seed %d: %d events in %v\n",
		s.name, c.Agents, s.policy, c.Seed, r.Events, time.Since(began).Round(time.Millisecond))
	s.print(out, c, f, r)
	return err
}

// faults are those of the scenario.
func (s *scenario) faults(c fleet.Config) []fleet.Fault {
	switch s.name {
	case "outage":
		return fleet.Outage(s.down)
	case "kill":
		return fleet.Killed()
	case "freeze":
		return fleet.Frozen(s.down)
	case "rolling":
		return fleet.Rolling(c.Servers, s.down, s.gap)
	case "join":
		return fleet.Joined(c.Begin, c.Servers)
	default:
		return nil
	}
}

// print writes what came out, and what is of interest in the scenario.
func (s *scenario) print(out io.Writer, c fleet.Config, f *fleet.Fleet, r *fleet.Report) {
	r.Print(out)
	switch s.name {
	case "outage":
		back := fleet.FaultAt + s.down
		_, _ = fmt.Fprintf(out, "  peak on one server after the first second: %d/s, after the first ten: %d/s; when they are back: %d/s\n",
			f.PeakBetween(fleet.FaultAt+time.Second, back), f.PeakBetween(fleet.FaultAt+10*time.Second, back), f.PeakBetween(back, c.For))
	case "rolling":
		last := c.Faults[len(c.Faults)-1].At
		_, _ = fmt.Fprintf(out, "  worst imbalance after the last restart %.2f, from a minute after it on %.2f\n",
			f.WorstAfter(last), f.WorstAfter(last+time.Minute))
	}
	if s.each > 0 {
		f.Timeline(out, s.each)
	}
}
