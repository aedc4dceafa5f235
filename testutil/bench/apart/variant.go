package apart

import (
	"fmt"
	"slices"
	"strings"

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
}

var variants = []variant{
	{name: ours, server: worker.Plain},
	{name: stock, server: worker.Plain},
	{name: "joined", server: worker.Plain},
	{name: "grpc", server: worker.GRPC, peer: true},
	{name: floor, server: worker.Floor},
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
}

// Rows returns all rows of the report.
func Rows() (all []Row) {
	for _, c := range body.All() {
		for _, n := range []int{1, 16, 128} {
			all = append(all, Row{c.Name, n})
		}
	}
	return all
}

// Name is that of the row in the report, as "client/heartbeat/16".
func (r Row) Name() string { return fmt.Sprintf("client/%s/%d", r.Call, r.Callers) }

// file is the name with what file names may have.
func (r Row) file(v variant) string {
	return strings.ReplaceAll(r.Name(), "/", "-") + "-" + v.name + ".pprof"
}
