package main

import (
	"io"

	"github.com/open-nomad/rpcproxy/testutil/bench/apart"
)

// report is what was measured: a table for clients, then another one for works.
type report struct {
	lines   io.Writer
	all     []any // as JSON has it
	works   []Result
	clients apart.Table
	table   table
}

// addRow takes the result of clients.
func (r *report) addRow(one apart.Result) {
	r.all = append(r.all, one)
	r.clients.W = r.lines
	r.clients.Row(one)
}

// add takes the result of a work, or of a point of a curve.
func (r *report) add(one Result) {
	if len(r.works) == 0 {
		r.clients.Legend()
		r.table.w = r.lines
	}
	if one.Curve != "" {
		one = withGrowth(one, r.works)
	}
	r.works, r.all = append(r.works, one), append(r.all, one)
	r.table.row(&one)
}

// legend ends the table that was begun last.
func (r *report) legend() {
	if len(r.works) == 0 {
		r.clients.Legend()
		return
	}
	r.table.legend()
}
