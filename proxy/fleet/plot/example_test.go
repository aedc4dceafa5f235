package plot_test

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
	"github.com/open-nomad/rpcproxy/proxy/fleet/plot"
)

// One of five servers dies, and the picture of it is made.
func Example() {
	die := fleet.Fault{At: 10 * time.Second, Do: func(f *fleet.Fleet) { f.Kill(1) }}
	f := fleet.New(fleet.Config{Agents: 50, Seed: 7, For: time.Minute, Faults: []fleet.Fault{die}})
	f.Run()
	figure := plot.Figure{
		Title: "kill",
		Runs:  []plot.Run{{Name: "shuffle", Series: f.Series()}},
		Marks: []fleet.Mark{{At: die.At, Text: "kill 2"}},
	}
	var svg bytes.Buffer
	if err := figure.SVG(&svg); err != nil {
		panic(err)
	}
	fmt.Println(strings.HasPrefix(svg.String(), "<svg "), strings.Contains(svg.String(), ">kill 2</text>"))
	// Output: true true
}
