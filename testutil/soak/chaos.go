package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// chaos carries out a plan on a cluster. One goroutine does.
type chaos struct {
	cluster *testutil.Cluster
	plan    *planner
	journal *journal
	servers [slots]*testutil.Server // nil: it left, and the next has not joined
	running []event                 // faults in force, the first to end in front
	counts  [kinds]int              // faults begun
	skipped int                     // ticks at which none might begin
	planted int                     // unreadable answers that faults may have given
}

func newChaos(c *testutil.Cluster, seed uint64, j *journal) *chaos {
	return &chaos{cluster: c, plan: newPlanner(seed), journal: j, servers: [slots]*testutil.Server(c.Servers())}
}

// run goes on until ctx ends and then ends every fault. The error is that of a
// server which does not come back.
func (c *chaos) run(ctx context.Context) error {
	begin := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	next, ok := c.plan.next()
	for {
		due := next.at
		if len(c.running) > 0 {
			due = min(due, c.running[0].until)
		}
		timer.Reset(time.Until(begin.Add(due)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return c.endAll()
		}
		// A fault that ends makes room for one that begins.
		if len(c.running) > 0 && c.running[0].until <= next.at {
			if err := c.endFirst(); err != nil {
				return err
			}
			continue
		}
		if ok {
			c.begin(next)
		} else {
			c.skipped++
		}
		next, ok = c.plan.next()
	}
}

// begin makes a server fail.
func (c *chaos) begin(e event) {
	s := c.servers[e.slot]
	c.counts[e.kind]++
	c.journal.began(e, s.Addr())
	i := slices.IndexFunc(c.running, func(r event) bool { return r.until > e.until })
	if i < 0 {
		i = len(c.running)
	}
	c.running = slices.Insert(c.running, i, e)
	if e.unreadable() {
		c.planted += e.times
	}
	switch e.kind {
	case kill:
		s.Kill()
	case shutdown:
		s.Shutdown()
	case freeze, stall:
		s.Freeze()
	case leave:
		c.cluster.Leave(slices.Index(c.cluster.Servers(), s))
	case goAway:
		s.GoAway()
	case refuse:
		s.Refuse()
	case holdStreams:
		s.Inject(testutil.HoldStreams(), testutil.HalfClose())
	default:
		s.Inject(e.fault().Times(e.times))
	}
}

// fault is what is injected for a kind that concerns single requests.
func (e event) fault() testutil.Fault {
	switch e.kind {
	case mute:
		return testutil.Mute()
	case hangMethod:
		return testutil.Mute().On("Echo.Count")
	case slow:
		return testutil.Slow(e.delay)
	case closeMidReply:
		return testutil.CloseMidReply()
	case executeThenReset:
		return testutil.ExecuteThenReset()
	case dropAfterRead:
		return testutil.DropAfterRead()
	case halfClose:
		return testutil.HalfClose()
	case noLeader:
		return testutil.NoLeader()
	case deny:
		return testutil.AppError("Echo.Count", testutil.ErrTextNoLeader)
	case garbage:
		f := testutil.Garbage(e.layer)
		if e.unreadable() {
			return f.On("Echo.Count")
		}
		return f
	default:
		return testutil.Fault{}
	}
}

// endFirst ends the fault that is due first.
func (c *chaos) endFirst() error {
	e := c.running[0]
	c.running = c.running[1:]
	s, err := c.servers[e.slot], error(nil)
	switch e.kind {
	case kill, shutdown:
		err = patiently(s.Restart)
	case freeze, stall:
		s.Thaw()
	case leave:
		err = c.replace(e.slot)
	case goAway:
	case refuse:
		err = patiently(s.Accept)
	default:
		s.Heal()
	}
	c.journal.ended(e)
	if err != nil {
		return fmt.Errorf("end of %v: %w", e, err)
	}
	return nil
}

// replace lets go of a server that left, and starts one in its place.
func (c *chaos) replace(slot int) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if err := c.servers[slot].Stop(ctx); err != nil {
		return err
	}
	return patiently(func() (err error) {
		c.servers[slot], err = c.cluster.Join()
		return err
	})
}

func (c *chaos) endAll() error {
	for len(c.running) > 0 {
		if err := c.endFirst(); err != nil {
			return err
		}
	}
	return nil
}

// patiently repeats f for a while: between letting go of a port and listening on
// it, an outgoing connection may have taken it.
func patiently(f func() error) (err error) {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for range 40 {
		if err = f(); err == nil {
			return nil
		}
		<-again.C
	}
	return err
}
