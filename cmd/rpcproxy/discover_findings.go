package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
)

// discovered is a server that a discovery found.
type discovered struct {
	addr string // host:port
	from string // the name or the datacenter that was given
	via  string // the target of an SRV record; may be empty
}

// notFound is a name that led to no server.
type notFound struct {
	from string
	err  error // names it
}

// findings prints the servers of a discovery. It has the flags of every discovery.
type findings struct {
	json, ping bool
	pinger     pinger
}

func (f *findings) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.json, "json", false, "print one JSON object in place of lines")
	flags.BoolVar(&f.ping, "ping", false, "ping the servers found, too")
	f.pinger.count, f.pinger.interval = 3, usualInterval
	flags.DurationVarP(&f.pinger.timeout, "timeout", "t", 2*time.Second, "how long to wait for each answer, of name servers and of servers")
	f.pinger.tls.add(cmd)
}

// check validates the flags. Those of TLS need --ping unless connects is set.
func (f *findings) check(cmd *cobra.Command, connects bool) error {
	if f.pinger.timeout <= 0 {
		return fmt.Errorf("--timeout is %v: give a positive duration", f.pinger.timeout)
	}
	switch {
	case !f.ping && !connects && f.pinger.tls.given(cmd):
		return errors.New("--ca and the other flags of TLS need --ping: nothing else connects to servers")
	case !f.ping:
		return nil
	}
	_, err := f.pinger.tls.config(cmd.Context(), f.pinger.region)
	return err
}

// report prints everything and returns the error of the command: nothingFound if
// there is no server.
func (f *findings) report(cmd *cobra.Command, found []discovered, missed []notFound, nothingFound error) error {
	if cmd.Context().Err() != nil {
		return errInterrupted
	}
	servers := make([]messages.Server, 0, len(found))
	found = slices.DeleteFunc(found, func(d discovered) bool {
		s, err := messages.ParseServer(d.addr)
		if err != nil {
			missed = append(missed, notFound{from: d.from, err: fmt.Errorf("%s leads to something that is no server: %w", printable.Name(d.from), err)})
			return true
		}
		servers = append(servers, s)
		return false
	})
	var results []trips
	if f.ping {
		var err error
		if results, err = f.pinger.measure(cmd.Context(), servers); err != nil {
			return err
		}
		if cmd.Context().Err() != nil {
			return errInterrupted
		}
	}
	print := f.lines
	if f.json {
		print = f.object
	}
	if err := print(cmd.OutOrStdout(), found, missed, servers, results); err != nil {
		return failed(err)
	}
	if len(found) == 0 {
		return failed(nothingFound)
	}
	if !f.json {
		for _, m := range missed {
			warn(cmd.ErrOrStderr(), shown(m.err))
		}
	}
	return unanswered(results)
}

// lines prints for people: the servers, and then their pings.
func (f *findings) lines(w io.Writer, found []discovered, _ []notFound, servers []messages.Server, results []trips) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range found {
		line := printable.Name(d.addr) + "\t" + printable.Name(d.from)
		if d.via != "" {
			line += "\t" + printable.Name(d.via)
		}
		fmt.Fprintln(table, line)
	}
	if err := table.Flush(); err != nil || len(results) == 0 {
		return err
	}
	fmt.Fprintln(w)
	return printTrips(w, servers, results, f.pinger.count)
}

// object prints for programs: one object on one line.
func (f *findings) object(w io.Writer, found []discovered, missed []notFound, _ []messages.Server, results []trips) error {
	type ping struct {
		Answered  int     `json:"answered"`
		Sent      int     `json:"sent"`
		ConnectMS float64 `json:"connect_ms"`
		Error     string  `json:"error,omitempty"`
	}
	type server struct {
		Addr string `json:"addr"`
		From string `json:"from"`
		Via  string `json:"via,omitempty"`
		Ping *ping  `json:"ping,omitempty"`
	}
	type failure struct {
		From  string `json:"from"`
		Error string `json:"error"`
	}
	out := struct {
		Servers []server  `json:"servers"`
		Failed  []failure `json:"failed"`
	}{[]server{}, []failure{}}
	for i, d := range found {
		s := server{Addr: d.addr, From: d.from, Via: d.via}
		if len(results) > 0 {
			t := results[i]
			s.Ping = &ping{Answered: len(t.took), Sent: f.pinger.count, ConnectMS: float64(t.connect.Microseconds()) / 1000}
			if t.err != nil {
				s.Ping.Error = reason(t.err)
			}
		}
		out.Servers = append(out.Servers, s)
	}
	for _, m := range missed {
		out.Failed = append(out.Failed, failure{m.from, contain.Text(m.err)})
	}
	return writeJSON(w, out, "")
}
