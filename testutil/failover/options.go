package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// options is the command line, of the rig and of the processes it starts.
type options struct {
	faults         []string
	repeat         int
	ttlMin, ttlMax time.Duration
	grace          time.Duration
	agents         int
	clients        []string // the kinds of agents
	short          bool
	drain          time.Duration // pool.Config.DrainTimeout of our agents; 0: its default
	logs           string        // directory; empty: nothing is logged

	// Of a process with a role, given by the rig.
	role, name, addr string
	servers          []string
}

// Names of the faults, in the order in which they are run.
const (
	faultSIGINT          = "sigint"
	faultSIGKILL         = "sigkill"
	faultBlackHole       = "black-hole"
	faultOneWay          = "one-way"
	faultSIGSTOP         = "sigstop"
	faultPingsOnly       = "pings-only"
	faultNoStream        = "no-stream"
	faultMethodHangs     = "method-hangs"
	faultLeaderKill      = "leader-kill"
	faultLeaderBlackHole = "leader-black-hole"
	faultLeaderTransfer  = "leader-transfer"
	faultLeaderStop      = "leader-stop"
	faultRoll            = "roll"
	faultRebalance       = "rebalance"

	faultSidecarRestart     = "sidecar-restart"
	faultSidecarLateRestart = "sidecar-late-restart"
	faultSidecarFreeze      = "sidecar-freeze"
)

var faultNames = []string{
	faultSIGINT, faultSIGKILL, faultBlackHole, faultOneWay, faultSIGSTOP,
	faultPingsOnly, faultNoStream, faultMethodHangs,
	faultLeaderKill, faultLeaderBlackHole, faultLeaderTransfer, faultLeaderStop,
	faultRoll, faultRebalance,
	faultSidecarRestart, faultSidecarLateRestart, faultSidecarFreeze,
}

// sidecarFaults are those that concern sidecars alone.
var sidecarFaults = []string{faultSidecarRestart, faultSidecarLateRestart, faultSidecarFreeze}

// shortFaults are those of the short form.
var shortFaults = []string{
	faultBlackHole, faultSIGKILL, faultPingsOnly, faultLeaderTransfer, faultLeaderStop, faultRebalance,
	faultSidecarRestart,
}

// roleServer is the role of a server's process; agents and sidecars have that of their kind.
const roleServer = "server"

// parseOptions reads the arguments. It writes on w, too, what is wrong with them.
func parseOptions(args []string, w io.Writer) (*options, error) {
	o := &options{}
	var faults, servers, clients string
	f := flag.NewFlagSet("failover", flag.ContinueOnError)
	f.SetOutput(w)
	f.StringVar(&faults, "faults", strings.Join(faultNames, ","), "what to do to the servers, in this order")
	f.IntVar(&o.repeat, "repeat", 3, "how often to do each")
	f.DurationVar(&o.ttlMin, "ttl-min", 10*time.Second, "shortest TTL that a heartbeat grants")
	f.DurationVar(&o.ttlMax, "ttl-max", 20*time.Second, "longest TTL")
	f.DurationVar(&o.grace, "grace", 10*time.Second, "how long after its TTL a heartbeat counts as missed")
	f.IntVar(&o.agents, "agents", 12, "agents of each kind")
	f.StringVar(&clients, "clients", strings.Join(clientKinds, ","), "which kinds of agents to run")
	f.StringVar(&o.logs, "logs", "", "directory for the logs of all processes; they are not kept otherwise")
	f.DurationVar(&o.drain, "drain", 0, "time to drain of our agents' sessions; 0: the default")
	f.BoolVar(&o.short, "short", false, strings.Join(shortFaults, ",")+" once each, TTL 2 to 3 s, 3 agents of each kind, 4 s to drain, not waiting for stock agents; other flags still count")
	f.StringVar(&o.role, "role", "", "used by the program itself")
	f.StringVar(&o.name, "name", "", "used by the program itself")
	f.StringVar(&o.addr, "addr", "", "used by the program itself")
	f.StringVar(&servers, "servers", "", "used by the program itself")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if o.short {
		for name, value := range map[string]string{
			"faults": strings.Join(shortFaults, ","), "repeat": "1",
			"ttl-min": "2s", "ttl-max": "3s", "grace": "6s", "agents": "3", "drain": "4s",
		} {
			if !given[name] {
				_ = f.Set(name, value) // these are good
			}
		}
	}
	o.servers = strings.FieldsFunc(servers, isComma)
	o.faults = strings.FieldsFunc(faults, isComma)
	o.clients = strings.FieldsFunc(clients, isComma)
	if !given["faults"] && !slices.Contains(o.clients, clientSidecar) {
		o.faults = slices.DeleteFunc(o.faults, ofSidecar)
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	return o, nil
}

func isComma(r rune) bool { return r == ',' }

func ofSidecar(name string) bool { return slices.Contains(sidecarFaults, name) }

func (o *options) validate() error {
	for i, kind := range o.clients {
		if !slices.Contains(clientKinds, kind) || slices.Contains(o.clients[:i], kind) {
			return fmt.Errorf("-clients: %q is not known, or there twice; choose from %s", kind, strings.Join(clientKinds, ","))
		}
	}
	if len(o.clients) == 0 {
		return fmt.Errorf("-clients is empty; choose from %s", strings.Join(clientKinds, ","))
	}
	for _, name := range o.faults {
		if !slices.Contains(faultNames, name) {
			return fmt.Errorf("-faults: %q is not known; choose from %s", name, strings.Join(faultNames, ","))
		}
		if ofSidecar(name) && !slices.Contains(o.clients, clientSidecar) {
			return fmt.Errorf("-faults: %q concerns sidecars alone; add %s to -clients", name, clientSidecar)
		}
	}
	switch {
	case len(o.faults) == 0:
		return fmt.Errorf("-faults is empty; choose from %s", strings.Join(faultNames, ","))
	case o.repeat < 1:
		return fmt.Errorf("-repeat is %d: give at least 1", o.repeat)
	case o.agents < 1 || o.agents > 100:
		return fmt.Errorf("-agents is %d: give 1 to 100", o.agents)
	case o.ttlMin <= 0 || o.ttlMax < o.ttlMin:
		return fmt.Errorf("-ttl-min is %v and -ttl-max %v: give a range above zero", o.ttlMin, o.ttlMax)
	case o.drain < 0:
		return fmt.Errorf("-drain is %v: give a duration above zero, or 0 for the default", o.drain)
	case o.grace <= 0:
		return fmt.Errorf("-grace is %v: give a duration above zero", o.grace)
	}
	return nil
}
