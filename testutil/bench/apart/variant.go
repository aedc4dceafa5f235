package apart

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

// The variants that others are compared with.
const (
	ours  = "ours"
	stock = "stock"
	floor = "floor"
)

// variant is one client.
type variant struct {
	name   string
	server string // the listener that it calls
	peer   bool   // of the module of peers
	large  bool   // it is measured with large bodies, and on a long way
	lone   bool   // it makes one call at a time
}

var variants = []variant{
	{name: ours, server: worker.Plain, large: true},
	{name: stock, server: worker.Plain, large: true},
	{name: "joined", server: worker.Plain},
	{name: "grpc", server: worker.GRPC, peer: true},
	{name: "bare", server: worker.Plain, large: true, lone: true},
	{name: floor, server: worker.Floor, large: true},
}

// Variants returns the names of all clients, ours first.
func Variants() (names []string) {
	for _, v := range variants {
		names = append(names, v.name)
	}
	return names
}

// NoSuchClientError reports a name that no client has.
type NoSuchClientError struct{ Name string }

func (e *NoSuchClientError) Error() string {
	return fmt.Sprintf("%q is no client: give some of %s", e.Name, strings.Join(Variants(), ","))
}

// choose returns the variants of these names in the order of the report; all, if there are none.
func choose(names []string) (chosen []variant, err error) {
	for _, n := range names {
		if !slices.Contains(Variants(), n) {
			return nil, &NoSuchClientError{n}
		}
	}
	for _, v := range variants {
		if len(names) == 0 || slices.Contains(names, v.name) {
			chosen = append(chosen, v)
		}
	}
	return chosen, nil
}

// Row is a call by so many callers at the same time.
type Row struct {
	Call    string // of package body
	Callers int
	Large   bool   // the call is one of body.Large
	Far     bool   // over a path of 20 ms (package path)
	Beside  string // a large call that one caller more makes in every other round; empty: none
}

// Rows returns all rows of the report.
func Rows() (all []Row) {
	for _, c := range body.All() {
		for _, n := range []int{1, 16, 128} {
			all = append(all, Row{Call: c.Name, Callers: n})
		}
	}
	for _, c := range body.Large() {
		all = append(all, Row{Call: c.Name, Callers: 1, Large: true})
	}
	for _, c := range body.Large() {
		all = append(all, Row{Call: c.Name, Callers: 1, Large: true, Far: true})
	}
	for _, beside := range []string{"reply-16MiB", "request-16MiB"} {
		all = append(all, Row{Call: "heartbeat", Callers: 1, Far: true, Beside: beside})
	}
	return all
}

// Name is that of the row in the report, as "client/heartbeat/16", "large/reply-1MiB/1",
// "far/reply-1MiB/1" or "far/heartbeat/1/beside/reply-16MiB".
func (r Row) Name() string {
	kind, beside := "client", ""
	switch {
	case r.Far:
		kind = "far"
	case r.Large:
		kind = "large"
	}
	if r.Beside != "" {
		beside = "/beside/" + r.Beside
	}
	return fmt.Sprintf("%s/%s/%d%s", kind, r.Call, r.Callers, beside)
}

// of returns those of the variants that the row has.
func (r Row) of(all []variant) (these []variant) {
	for _, v := range all {
		if v.lone && (r.Callers > 1 || r.Beside != "") {
			continue
		}
		if v.large || !r.Large && !r.Far {
			these = append(these, v)
		}
	}
	return these
}

// slice is how long each client works in a round: hundreds of calls, or one of each caller.
func (r Row) slice() time.Duration {
	if r.Far {
		return time.Second
	}
	return 150 * time.Millisecond
}

// file is the name with what file names may have.
func (r Row) file(v variant) string {
	return strings.ReplaceAll(r.Name(), "/", "-") + "-" + v.name + ".pprof"
}
