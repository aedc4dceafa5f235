//go:build reality

package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
	"github.com/open-nomad/rpcproxy/testutil"
)

// stillLimit is how long this process may not have been run before a run is not judged. Its
// agents notice a silence after one second.
const stillLimit = 300 * time.Millisecond

// stoodStillError says that a run is not judged.
type stoodStillError struct{ at, took time.Duration }

func (e *stoodStillError) Error() string {
	return fmt.Sprintf("the machine stood still for %v at %v: it is not judged", e.took.Round(time.Millisecond), e.at.Round(time.Millisecond))
}

// realRuns is how often a scenario is run at most: again if the machine stood still meanwhile.
const realRuns = 3

// realCourse runs a scenario with real proxies, in real time; nil: no run can be judged.
func realCourse(t *testing.T, s *fleet.Scenario) *course {
	t.Helper()
	for run := 1; run <= realRuns; run++ {
		c, err := realRun(t, s)
		var still *stoodStillError
		switch {
		case err == nil:
			t.Logf("run %d is judged; the machine's load was %s", run, load())
			return c
		case !errors.As(err, &still):
			t.Fatal(err)
		}
		t.Logf("run %d of at most %d: %v", run, realRuns, err)
	}
	return nil
}

// load is how many processes the machine has had that wanted to run, over the last minutes, where
// it tells.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if words := strings.Fields(string(text)); err == nil && len(words) >= 3 {
		return strings.Join(words[:3], ", ")
	}
	return "not known"
}

// realRun is one run. The error may be a *stoodStillError.
func realRun(t *testing.T, s *fleet.Scenario) (*course, error) {
	t.Helper()
	// As a simulated cluster is: one of the servers leads, an election takes 3 s.
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{
		Size: s.Config.Servers, FirstElection: time.Second, ElectionDelay: 3 * time.Second,
		Server: testutil.ServerConfig{RPCMajorVersion: 1},
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now().Add(s.Config.Warm)
	still := make(chan error, 1)
	stop := testutil.StartPulse(func(of testutil.Stall) {
		if took := of.To.Sub(of.From); took > stillLimit {
			select {
			case still <- &stoodStillError{of.From.Sub(began), took}:
			default:
			}
		}
	})
	m := newMeter(cluster.Addrs(), began, seconds(s))
	up := 0
	var agents []*realAgent
	defer func() {
		stop()
		cancel()
		for _, a := range agents {
			a.end()
		}
		_ = cluster.Stop(context.Background())
	}()
	for i, after := range startTimes(s) {
		if err := until(began.Add(after-s.Config.Warm), still); err != nil {
			return nil, err
		}
		a, err := startAgent(ctx, m, i)
		if err != nil {
			return nil, err
		}
		agents = append(agents, a)
	}
	if err := until(began, still); err != nil {
		return nil, err
	}
	for _, node := range cluster.Nodes() {
		if node.Heartbeats > 0 {
			up++
		}
	}
	if up < len(agents) {
		return nil, fmt.Errorf("the cluster has had a heartbeat of %d of %d agents when the run begins", up, len(agents))
	}
	if err := play(cluster, s, began, still); err != nil {
		return nil, err
	}
	// The last sample of a simulation is of the beginning of the last second.
	if err := until(began.Add(s.Config.For-time.Second), still); err != nil {
		return nil, err
	}
	active := make([]int, s.Config.Servers)
	for _, a := range agents {
		if srv, is := a.proxy.View().Active(); is {
			active[m.number[srv.Addr]]++
		}
	}
	if err := until(began.Add(s.Config.For), still); err != nil {
		return nil, err
	}
	return m.course(active), nil
}

// startTimes are when the agents start, from the first one on.
func startTimes(s *fleet.Scenario) (all []time.Duration) {
	for range s.Config.Agents {
		all = append(all, rand.N(s.Config.Start))
	}
	slices.Sort(all)
	return all
}

// play has happen to a cluster what the scenario says. What happens to several servers does so to
// all at once: agents must not fail over to one that is next.
func play(cluster *testutil.Cluster, s *fleet.Scenario, began time.Time, still <-chan error) error {
	for _, mark := range s.Marks {
		if err := until(began.Add(mark.At), still); err != nil {
			return err
		}
		verb, servers, _ := strings.Cut(mark.Text, " ")
		on := numbers(servers, s.Config.Servers)
		results := make([]error, len(on))
		var group sync.WaitGroup
		for i, n := range on {
			group.Go(func() { results[i] = happens(cluster, verb, n) })
		}
		group.Wait()
		if err := errors.Join(results...); err != nil {
			return fmt.Errorf("%s: %w", mark.Text, err)
		}
	}
	return nil
}

// happens does one event to server n, counted from 0.
func happens(cluster *testutil.Cluster, verb string, n int) error {
	switch server := cluster.Server(n); verb {
	case "kill":
		server.Kill()
	case "start":
		return server.Restart()
	case "freeze":
		server.Freeze()
	case "thaw":
		server.Thaw()
	case "hang":
		server.Inject(testutil.Mute())
	case "unhang":
		server.Heal()
	default:
		return fmt.Errorf("%q is nothing that real servers are made to do here", verb)
	}
	return nil
}

// numbers are the servers of an event, counted from 0.
func numbers(text string, servers int) (all []int) {
	if text == "all" {
		for n := range servers {
			all = append(all, n)
		}
		return all
	}
	for _, word := range strings.Split(text, ", ") {
		if n, err := strconv.Atoi(word); err == nil {
			all = append(all, n-1)
		}
	}
	return all
}

// until waits for a time, unless the machine stands still before.
func until(at time.Time, still <-chan error) error {
	wait := time.NewTimer(time.Until(at))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case err := <-still:
		return err
	}
}
