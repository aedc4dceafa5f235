package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// setting configures a soak.
type setting struct {
	duration time.Duration
	callers  int
	seed     uint64
	progress io.Writer
}

// soak runs for the duration, or until ctx ends, and reports. The error is that
// of a start that failed.
func soak(ctx context.Context, set setting) (*report, error) {
	before := runtime.NumGoroutine()
	st, err := openEnv(set.seed)
	if err != nil {
		return nil, err
	}
	r := &report{Seed: set.seed, Callers: set.callers}
	j := newJournal()
	l := openLedger(st.cluster.ForgetExecutions, j)
	unwatched := testutil.StartPulse(func(s testutil.Stall) { l.visit(func(p *page) { p.stalled(s) }) })
	w := openWatermark()
	c := newCallers(st.proxy, l, set.seed)
	begin := time.Now()
	c.start(set.callers, set.seed)
	newAgent(c).start()
	c.group.Go(func() { schedule(st.cluster, c.quit) })

	storm := newChaos(st.cluster, set.seed, j)
	raging, calm := context.WithCancel(ctx)
	calmed := make(chan error, 1)
	go func() { calmed <- storm.run(raging) }()

	watching := watch{set: set, begin: begin, env: st, ledger: l, report: r}
	watching.run(ctx)
	calm()
	derailment := <-calmed
	c.finish()
	rest(settlement) // what lies in the servers' buffers is executed now
	r.Duration = time.Since(begin).Round(time.Millisecond)
	r.Goroutines = int(w.most.Load())
	r.Pool = st.proxy.Stats()
	w.close()
	unwatched()
	l.visit(func(p *page) {
		p.judge(time.Now())
		strays := p.forgotten(st.cluster.ExecutionCounts()) // first: what is executed meanwhile belongs to a call
		p.compare(time.Now().Add(perBatch))
		p.strays(strays)
		r.calls(p)
		r.breaches = p.breaches
	})
	r.faults(storm)
	l.close()
	if derailment != nil {
		r.breaches.add(derailed, "%v", derailment)
	}
	if err := st.close(); err != nil {
		r.breaches.add(derailed, "stop: %v", err)
	}
	if r.Leaked = testutil.Leftover(before, 5*time.Second); r.Leaked > 0 {
		r.breaches.add(leaked, "%d goroutines are left:\n%s", r.Leaked, stacks())
	}
	if r.HeapJudged = r.HeapEnd > 0 && set.duration >= judgeable; r.HeapJudged && !isFlat(r.HeapMiddle, r.HeapEnd) {
		r.breaches.add(swollen, "%d bytes in the middle, %d at the end", r.HeapMiddle, r.HeapEnd)
	}
	r.close()
	return r, nil
}

// settlement is the time that a server may need to execute the requests it has read.
const settlement = 2 * time.Second

func rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// watch looks at a soak that goes on.
type watch struct {
	set    setting
	begin  time.Time
	env    *env
	ledger *ledger
	report *report
}

// readings is how often the heap is read in a soak.
const readings = 60

// run measures the heap at the beginning, in the middle and at the end, and logs
// every ten seconds how it goes.
func (w *watch) run(ctx context.Context) {
	d := w.set.duration
	start, middle, end := trough{to: d / 8}, trough{from: d / 4, to: d / 2}, trough{from: d * 3 / 4, to: d}
	tenth := time.NewTicker(10 * time.Second)
	defer tenth.Stop()
	look := time.NewTicker(max(d/readings, time.Millisecond))
	defer look.Stop()
	expired := time.NewTimer(time.Until(w.begin.Add(d)))
	defer expired.Stop()
	for going := true; going; {
		select {
		case <-look.C:
			now := time.Since(w.begin)
			start.read(now)
			middle.read(now)
			end.read(now)
		case <-tenth.C:
			w.tell()
		case <-expired.C:
			end.read(d) // on a busy machine it was not looked at since a while before
			going = false
		case <-ctx.Done():
			going = false
		}
	}
	w.report.HeapStart, w.report.HeapMiddle, w.report.HeapEnd = start.bytes, middle.bytes, end.bytes
}

// tell writes a line. An output that is gone does not end the soak.
func (w *watch) tell() {
	var calls, failed, breached int
	w.ledger.visit(func(p *page) {
		for _, t := range p.calls {
			calls, failed = calls+t.Calls, failed+t.Calls-t.Succeeded
		}
		breached = p.breaches.total()
	})
	stats := w.env.proxy.Stats()
	_, _ = fmt.Fprintf(w.set.progress, "%4.0fs of %v: %d calls, %d failed, %d breaches; %d in flight, %d sessions, %d dials, %d goroutines\n",
		time.Since(w.begin).Seconds(), w.set.duration, calls, failed, breached,
		stats.CallsInFlight, stats.Sessions, stats.Dials, runtime.NumGoroutine())
}
