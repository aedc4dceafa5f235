package fleet_test

import (
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// One of five servers dies. Every agent's blocking query is at another one soon.
func Example() {
	die := fleet.Fault{At: 10 * time.Second, Do: func(f *fleet.Fleet) { f.Kill(1) }}
	f := fleet.New(fleet.Config{Agents: 200, Seed: 7, For: time.Minute, Faults: []fleet.Fault{die}})
	f.Run()
	r := f.Report()
	fmt.Println("still out:", r.Out)
	fmt.Println("agents on the dead server:", r.Active[1])
	// Output:
	// still out: 0
	// agents on the dead server: 0
}
