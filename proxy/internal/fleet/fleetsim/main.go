// Fleetsim runs one scenario of a simulated fleet and prints what came out.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/internal/fleet"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

func main() {
	var c fleet.Config
	scenario := flag.String("s", "none", "none, outage, kill, freeze, rolling, join")
	policy := flag.String("p", "shuffle", "shuffle, rendezvous, seat, stock")
	down := flag.Duration("down", time.Minute, "how long servers are away")
	gap := flag.Duration("gap", 2*time.Minute, "between the servers of a rolling restart")
	each := flag.Int("each", 0, "print every so many seconds")
	flag.IntVar(&c.Agents, "n", 10000, "agents")
	flag.IntVar(&c.Nodes, "nodes", 0, "in the cluster, of which the agents are a sample; 0: the agents")
	flag.IntVar(&c.Servers, "servers", 5, "servers")
	flag.IntVar(&c.Begin, "begin", 0, "servers at the beginning")
	flag.IntVar(&c.Handshakes, "hs", 0, "handshakes a second per server; 0: any number")
	flag.IntVar(&c.Heartbeats, "hb", 50, "heartbeats a second that the cluster grants")
	flag.Uint64Var(&c.Seed, "seed", 1, "seed")
	flag.DurationVar(&c.Warm, "warm", 15*time.Minute, "before what is counted")
	flag.DurationVar(&c.For, "for", 5*time.Minute, "what is counted")
	flag.DurationVar(&c.Start, "start", 6*time.Minute, "agents start over this time")
	flag.DurationVar(&c.RTT, "rtt", time.Millisecond, "round trip time")
	flag.DurationVar(&c.Grain, "grain", 100*time.Millisecond, "of what is counted over time")
	flag.BoolVar(&c.Discovery, "disc", false, "agents have a discoverer")
	flag.BoolVar(&c.NoBeats, "nobeats", false, "no heartbeats during the run")
	flag.Parse()
	switch *policy {
	case "stock":
		c.Stock = true
	case "rendezvous":
		c.Policy = roster.Rendezvous
	case "seat":
		c.Seats = true
	}
	switch *scenario {
	case "outage":
		c.Faults = fleet.Outage(*down)
	case "kill":
		c.Faults = fleet.Killed()
	case "freeze":
		c.Faults = fleet.Frozen(*down)
	case "rolling":
		c.Faults = fleet.Rolling(c.Servers, *down, *gap)
	case "join":
		c.Faults = fleet.Joined(c.Begin, c.Servers)
	}
	began := time.Now()
	f := fleet.New(c)
	f.Run()
	r := f.Report()
	fmt.Printf("%s of %d, %s, seed %d: %d events in %v\n", *scenario, c.Agents, *policy, c.Seed, r.Events, time.Since(began).Round(time.Millisecond))
	r.Print(os.Stdout)
	if *scenario == "outage" {
		fmt.Printf("  peak on one server while they are down, after the first second: %d/s; when they are back: %d/s\n",
			f.PeakBetween(11*time.Second, 10*time.Second+*down), f.PeakBetween(10*time.Second+*down, c.For))
	}
	if *scenario == "rolling" {
		last := 10*time.Second + time.Duration(c.Servers-1)**gap + *down
		fmt.Printf("  worst imbalance after the last restart %.2f, from a minute after it on %.2f\n", f.WorstAfter(last), f.WorstAfter(last+time.Minute))
	}
	if *each > 0 {
		f.Timeline(os.Stdout, time.Duration(*each)*time.Second)
	}
}
