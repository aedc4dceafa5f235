//go:build linux

package main

import (
	"time"
)

// client is one agent, of ours or not, with what stands between it and the servers.
type client struct {
	name, kind string
	servers    string // addresses, as options have them
	host       host
	proc       *process
	side       *process  // its sidecar, in the same namespace; nil: it has none
	listens    bool      // the sidecar does
	ready      time.Time // since when it does
	frozen     time.Time // when it was last frozen, on purpose
	front      string    // address of the server its next call goes to
	fronts     []record
	beats      []record
	stalls     machine
}

// startAgent starts an agent's process, and that of its sidecar before.
func (r *rig) startAgent(c *client) (err error) {
	role, servers := c.kind, c.servers
	if c.kind == clientSidecar {
		if err := r.startSidecar(c); err != nil {
			return err
		}
		role, servers = clientStock, sidecarAddr
	}
	c.proc, err = r.launch(c.name, c.host, "-role", role, "-servers", servers)
	return err
}

// startSidecar starts the process of an agent's sidecar; it listens when it has printed so.
func (r *rig) startSidecar(c *client) (err error) {
	c.listens = false
	c.side, err = r.launch(c.name+"-side", c.host, "-role", clientSidecar, "-servers", c.servers)
	return err
}

// chooser is the process that chooses the agent's server.
func (c *client) chooser() *process {
	if c.side != nil {
		return c.side
	}
	return c.proc
}

// take notes what the agent's processes printed, or that one has ended.
func (c *client) take(e event) {
	if e.from != c.proc && e.from != c.side {
		return
	}
	switch {
	case e.ended && e.from == c.proc:
		say("%s has ended: %v", c.name, e.from.cmd.ProcessState)
	case e.ended && c.listens: // it was not killed
		c.listens = false
		say("the sidecar of %s has ended: %v", c.name, e.from.cmd.ProcessState)
	case e.line.Kind == kindReady:
		c.listens, c.ready = true, e.line.Done
	case e.line.Kind == kindFront && e.from == c.chooser():
		c.front = e.line.Server
		c.fronts = append(c.fronts, e.line)
	case e.line.Kind == kindBeat:
		c.beats = append(c.beats, e.line)
	case e.line.Kind == kindStall && !(e.from == c.side && frozen(e.line.stall(), c.frozen)):
		c.stalls = append(c.stalls, e.line.stall())
	}
}
