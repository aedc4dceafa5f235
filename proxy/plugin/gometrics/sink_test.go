package gometrics_test

import (
	"runtime"
	"sync"
	"testing"

	metrics "github.com/hashicorp/go-metrics"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/gometrics"
	"github.com/open-nomad/rpcproxy/testutil"
)

// harmful is a sink that does some harm with each sample and count.
type harmful struct {
	metrics.MetricSink
	harm func()
}

func (h harmful) IncrCounterWithLabels(key []string, v float32, all []metrics.Label) {
	h.harm()
	h.MetricSink.IncrCounterWithLabels(key, v, all)
}

func (h harmful) AddSampleWithLabels(key []string, v float32, all []metrics.Label) {
	h.harm()
	h.MetricSink.AddSampleWithLabels(key, v, all)
}

// Many call while the sink does harm: all calls are answered, and the proxy stops. Once the sink is well
// again, what was lost is counted.
func TestASinkThatBlocksPanicsOrExitsHoldsNoCallUp(t *testing.T) {
	for _, name := range []string{"blocks", "panics", "exits"} {
		t.Run(name, func(t *testing.T) {
			c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 2})
			if err != nil {
				t.Fatal(err)
			}
			stops(t, c.Stop)
			well, b := make(chan struct{}), newBook(t)
			harm := map[string]func(){"blocks": func() { <-well }, "panics": func() { panic("in the sink") }, "exits": runtime.Goexit}[name]
			cfg := metrics.DefaultConfig("nomad")
			cfg.EnableHostname, cfg.EnableRuntimeMetrics = false, false
			m, err := metrics.New(cfg, harmful{b.sink, func() {
				select {
				case <-well:
				default:
					harm()
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			e := gometrics.New(gometrics.Config{Metrics: m})
			p, err := proxy.Start(proxy.Config{Servers: c.Addrs(), Observers: []proxy.Observer{e}})
			if err != nil {
				t.Fatal(err)
			}
			var callers sync.WaitGroup
			for range 64 {
				callers.Go(func() {
					for range 40 { // each is a sample and a count: more than may wait
						if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithClass(proxy.Read)); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			callers.Wait()
			if err := p.Stop(within(t)); err != nil {
				t.Error(err)
			}
			if name == "panics" {
				e.Emit() // which the agent does in a goroutine of its own
			}
			close(well)
			e.Emit()
			if n := b.of("dials", nil).sum; n > float64(p.Stats().Dials) {
				t.Errorf("%v dials were counted", n)
			}
			if lost, took := b.of("lost", nil).sum, b.of("attempt", nil).sum; lost < 1 || name == "blocks" && took < 1 {
				t.Errorf("%v lost, %v taken", lost, took)
			}
			if n := p.Stats().Panics; (n > 0) != (name != "blocks") {
				t.Errorf("%d panics were counted", n)
			}
		})
	}
}
