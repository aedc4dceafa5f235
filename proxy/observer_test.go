package proxy_test

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// watcher is an observer of everything. What it is told goes to its channel, in order.
type watcher struct{ told chan any }

func newWatcher() watcher { return watcher{make(chan any, 4096)} }

type (
	ctxKey  struct{}
	started struct{ proxy.CallInfo }
	up      struct{ proxy.SessionEvent }
	down    struct{ proxy.SessionEvent }
)

func (w watcher) CallStart(ctx context.Context, c proxy.CallInfo) context.Context {
	w.told <- started{c}
	return context.WithValue(ctx, ctxKey{}, c.Method)
}

func (w watcher) CallEnd(ctx context.Context, e proxy.CallEnd) {
	if ctx.Value(ctxKey{}) == e.Method {
		w.told <- e
	}
}

func (w watcher) AttemptEnd(ctx context.Context, e proxy.AttemptEnd) {
	if ctx.Value(ctxKey{}) == e.Method {
		w.told <- e
	}
}
func (w watcher) Moved(e proxy.MoveEvent)             { w.told <- e }
func (w watcher) RoundEnd(e proxy.RoundEvent)         { w.told <- e }
func (w watcher) DiscoveryEnd(e proxy.DiscoveryEvent) { w.told <- e }
func (w watcher) Heartbeat(e proxy.HeartbeatEvent)    { w.told <- e }
func (w watcher) SessionUp(e proxy.SessionEvent)      { w.told <- up{e} }
func (w watcher) SessionDown(e proxy.SessionEvent)    { w.told <- down{e} }
func (w watcher) Started(p proxy.Snapshotter)         { w.told <- p }
func (w watcher) observers() []proxy.Observer         { return []proxy.Observer{w} }
func next[T any](t testing.TB, w watcher) (event T) {
	return nextWith(t, w, func(T) bool { return true })
}
func (w watcher) rest(t testing.TB, p *proxy.Proxy) int { stop(t, p.Stop); return len(w.told) }

// nextWith is the next event of a type that is as wanted; the others before it are passed over.
func nextWith[T any](t testing.TB, w watcher, wanted func(T) bool) (event T) {
	t.Helper()
	late := time.After(limit)
	for {
		select {
		case e := <-w.told:
			if event, ok := e.(T); ok && wanted(event) {
				return event
			}
		case <-late:
			t.Fatalf("no %T within %v", event, limit)
		}
	}
}

func TestObserversOfCallsAreToldOfEachCallAndAttempt(t *testing.T) {
	c := startCluster(t, 2)
	w := newWatcher()
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Observers: w.observers()})
	if got := next[*proxy.Proxy](t, w); got != p {
		t.Errorf("it was told of %p, not of %p", got, p)
	}
	tenant := newTenant(t, p, pool.Handlers{})
	first := active(t, p)
	info := proxy.CallInfo{Method: "Status.Ping", Class: proxy.Read, Tenant: true}
	if err := tenant.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := next[started](t, w); got.CallInfo != info {
		t.Errorf("%+v", got)
	}
	if got := next[proxy.AttemptEnd](t, w); got.CallInfo != info || got.Server != first || got.Number != 1 || got.Phase != pool.PhaseDecode || got.Outcome != proxy.Answered || got.Err != nil || got.Duration <= 0 || got.Pause < 0 {
		t.Errorf("%+v", got)
	}
	if got := next[proxy.CallEnd](t, w); got.CallInfo != info || got.Server != first || got.Attempts != 1 || got.Outcome != proxy.Answered || got.Err != nil || got.Duration <= 0 {
		t.Errorf("%+v", got)
	}

	c.ServerAt(first.Addr).Kill()
	var by messages.Server
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&by)); err != nil || by == first {
		t.Fatalf("%v by %v", err, by)
	}
	own := nextWith(t, w, func(e proxy.CallEnd) bool { return !e.Tenant })
	if own.Server != by || own.Attempts == 0 || own.Outcome != proxy.Answered {
		t.Errorf("%+v", own)
	}
	err := p.Call(within(t), "No.Such", struct{}{}, nil)
	failed := nextWith(t, w, func(e proxy.CallEnd) bool { return e.Method == "No.Such" })
	if failed.Err != err || failed.Outcome == proxy.Answered || failed.Server.Addr == "" || !errors.Is(failed.Err, pool.ErrUnknownMethod) {
		t.Errorf("%+v of %v", failed, err)
	}
	conn, err := p.Stream(within(t), "Echo.Stream")
	if err == nil {
		_ = conn.Close()
	}
	if got := next[proxy.CallEnd](t, w); !got.Stream || got.Class != proxy.Read || got.Attempts == 0 {
		t.Errorf("%+v of %v", got, err)
	}
	stop(t, p.Stop)
	_ = p.Call(within(t), "Status.Ping", struct{}{}, nil)
	if got := next[proxy.CallEnd](t, w); got.Attempts != 0 || got.Outcome != proxy.NotSent || !errors.Is(got.Err, proxy.ErrStopped) || got.Server != (messages.Server{}) {
		t.Errorf("%+v", got)
	}
}

// The attempts of a hedged call overlap: the one that is slow ends when the other one has.
func TestTheAttemptsOfAHedgedCallAreToldToo(t *testing.T) {
	c := startCluster(t, 2)
	w := newWatcher()
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Observers: w.observers()})
	slow := active(t, p)
	for i, s := range c.Addrs() {
		hangs := s == slow.Addr
		c.Server(i).Handle("Test.Read", func(ctx context.Context, _ *testutil.Request) (any, error) {
			if hangs {
				<-ctx.Done()
			}
			return "done", ctx.Err()
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := p.Call(ctx, "Test.Read", struct{}{}, nil, proxy.WithClass(proxy.Read)); err != nil {
		t.Fatal(err)
	}
	numbers := map[int]proxy.AttemptEnd{}
	for range 2 {
		e := next[proxy.AttemptEnd](t, w)
		numbers[e.Number] = e
	}
	if numbers[1].Server != slow || numbers[1].Err == nil || numbers[2].Server == slow || numbers[2].Err != nil {
		t.Errorf("%+v", numbers)
	}
	if e := next[proxy.CallEnd](t, w); e.Attempts != 2 || e.Outcome != proxy.Answered || e.Server != numbers[2].Server {
		t.Errorf("%+v", e)
	}
}

func TestObserversAreToldOfSessionsAndMoves(t *testing.T) {
	c := startCluster(t, 2)
	w := newWatcher()
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Observers: w.observers()})
	first := active(t, p)
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	isUp := next[up](t, w)
	if isUp.Server.Addr != first.Addr || isUp.ID == 0 || isUp.TLS || isUp.Tenant || isUp.Took <= 0 {
		t.Errorf("%+v", isUp)
	}
	c.ServerAt(first.Addr).Kill()
	for range p.Watch(within(t)) {
		if active(t, p) != first {
			break
		}
	}
	// The session's end and the move are told in the order in which they were found out.
	var ended *down
	var moved *proxy.MoveEvent
	for ended == nil || moved == nil {
		switch e := next[any](t, w).(type) {
		case down:
			ended = &e
		case proxy.MoveEvent:
			moved = &e
		}
	}
	if ended.Server.Addr != first.Addr || ended.ID != isUp.ID || ended.Err == nil || ended.Lasted <= 0 {
		t.Errorf("%+v", *ended)
	}
	if moved.From != first || moved.To != active(t, p) || moved.Reason != proxy.MoveBroken || moved.Epoch != p.View().Epoch() || moved.Err == nil || moved.Trouble < 0 {
		t.Errorf("%+v", *moved)
	}
}

func TestTheReasonOfAMove(t *testing.T) {
	w := newWatcher()
	p := startProxy(t, proxy.Config{Servers: names(3), Pinger: pinging(upPinger), Observers: w.observers()})
	for _, c := range []struct {
		cause error
		want  proxy.MoveReason
	}{
		{nil, proxy.MoveFailed},
		{errDown, proxy.MoveFailed},
		{pool.ErrSilent, proxy.MoveSilent},
		{pool.ErrNotServing, proxy.MoveNotServing},
		{pool.ErrLeaving, proxy.MoveLeaving},
		{&pool.DialError{Addr: "a:1", Err: errDown}, proxy.MoveUnreachable},
		{pool.ErrNoLeader, proxy.MoveNoLeader},
	} {
		from := active(t, p)
		if err := p.NotifyFailed(within(t), from, c.cause); err != nil {
			t.Fatal(err)
		}
		e := next[proxy.MoveEvent](t, w)
		if e.Reason != c.want || e.From != from || e.To != active(t, p) || !e.Reason.Failover() || (e.Err == nil) != (c.cause == nil) {
			t.Errorf("%v: %+v", c.cause, e)
		}
	}
	from := active(t, p)
	if _, err := p.Remove(within(t), from); err != nil {
		t.Fatal(err)
	}
	if e := next[proxy.MoveEvent](t, w); e.Reason != proxy.MoveManual || e.Reason.Failover() || e.From != from || e.Trouble != 0 {
		t.Errorf("%+v", e)
	}
	if err := p.SetServers(within(t), "x"); err != nil {
		t.Fatal(err)
	}
	if e := next[proxy.MoveEvent](t, w); e.Reason != proxy.MoveManual || e.To.Addr != "x:4647" {
		t.Errorf("%+v", e)
	}
	if _, err := p.Remove(within(t), active(t, p)); err != nil {
		t.Fatal(err)
	}
	if e := next[proxy.MoveEvent](t, w); e.To != (messages.Server{}) {
		t.Errorf("without a server: %+v", e)
	}
}

func TestObserversAreToldOfRoundsDiscoveriesAndHeartbeats(t *testing.T) {
	w := newWatcher()
	find := discovering(func(context.Context) ([]string, error) { return []string{"d1", "d2"}, nil })
	p := startProxy(t, proxy.Config{Pinger: pinging(upPinger), Discoverer: find, Observers: w.observers()})
	d := next[proxy.DiscoveryEvent](t, w)
	if len(d.Found) != 2 || d.Found[0].Source != messages.SourceDiscovery || d.Err != nil || d.Duration < 0 || d.Run == 0 {
		t.Errorf("%+v", d)
	}
	if e := next[proxy.MoveEvent](t, w); e.Reason != proxy.MoveDiscovery || e.From != (messages.Server{}) {
		t.Errorf("%+v", e)
	}
	result, err := p.Rebalance(within(t))
	if err != nil {
		t.Fatal(err)
	}
	r := next[proxy.RoundEvent](t, w)
	if r.Result != proxy.RoundAdopted || r.Number == 0 || r.Probed != result.Probed || r.Active != result.Active || r.Duration < 0 {
		t.Errorf("%+v of %+v", r, result)
	}
	u := messages.HeartbeatUpdate{Servers: infos("d1:4647"), NumNodes: 7, LeaderRPCAddr: "d1:4647", TTL: time.Hour}
	for i := range 2 {
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
		h := next[proxy.HeartbeatEvent](t, w)
		if h.TTL != time.Hour || h.Servers != 1 || h.NumNodes != 7 || h.Leader != "d1:4647" || h.Server.Addr == "" || h.HasMargin != (i > 0) {
			t.Errorf("%+v", h)
		}
		if i > 0 && (h.Margin > time.Hour || h.Margin < time.Hour-limit) {
			t.Errorf("%+v", h)
		}
	}
	u.Tenant = true
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	if h := next[proxy.HeartbeatEvent](t, w); !h.Tenant || h.HasMargin {
		t.Errorf("one of a tenant, of which nothing is known: %+v", h)
	}
	u.Due = time.Now().Add(-time.Hour)
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	// The owner reads the clock once for the messages that it takes together, maybe before this one was made.
	if h := next[proxy.HeartbeatEvent](t, w); !h.HasMargin || h.Margin != u.Due.Sub(h.At) || h.Margin > limit-time.Hour {
		t.Errorf("one that is late: %+v", h)
	}
}

// panicking is an observer that panics, or ends its goroutine.
type panicking struct{ do func() }

func (p panicking) CallStart(context.Context, proxy.CallInfo) context.Context { p.do(); return nil }
func (p panicking) CallEnd(context.Context, proxy.CallEnd)                    { p.do() }
func (p panicking) AttemptEnd(context.Context, proxy.AttemptEnd)              { p.do() }
func (p panicking) Heartbeat(proxy.HeartbeatEvent)                            { p.do() }
func (p panicking) Started(proxy.Snapshotter)                                 { p.do() }

// goexiting ends the goroutine in which events are told.
type goexiting struct{}

func (goexiting) Heartbeat(proxy.HeartbeatEvent) { runtime.Goexit() }

func TestAnObserverThatPanicsIsPassedOverAndLoggedOnce(t *testing.T) {
	log, w := make(lines, 100), newWatcher()
	bad := panicking{func() { panic("an observer's own fault") }}
	p := startProxy(t, proxy.Config{
		Servers: names(1), Pinger: embedded{upPinger, func(context.Context, string, string) error { return nil }},
		Logger: zerolog.New(log), Observers: []proxy.Observer{bad, w, goexiting{}},
	})
	for range 5 {
		if err := p.Call(within(t), "Status.Ping", nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos("a"), TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
		next[proxy.CallEnd](t, w)
		next[proxy.HeartbeatEvent](t, w)
	}
	eventually(t, "each is counted", func() bool { return p.Stats().Panics == 5*(3+2)+1 })
	if n := log.with(p, "an observer's own fault"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

// blocking is an observer that waits.
type blocking struct{ until, entered chan struct{} }

func (b blocking) Heartbeat(proxy.HeartbeatEvent) {
	select {
	case b.entered <- struct{}{}:
	default:
	}
	<-b.until
}

func TestAnObserverThatBlocksHoldsUpNothingAndLosesEvents(t *testing.T) {
	b := blocking{make(chan struct{}), make(chan struct{}, 1)}
	p := startProxy(t, proxy.Config{Servers: names(1), Pinger: pinging(upPinger), Observers: []proxy.Observer{b}})
	u := messages.HeartbeatUpdate{Servers: infos("a"), TTL: time.Hour}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	<-b.entered
	for range 256 + 10 {
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
	}
	if lost := p.Stats().LostEvents; lost != 10 {
		t.Errorf("%d events were lost", lost)
	}
	close(b.until)
}

func TestAnObserverWithoutMethodsIsRefused(t *testing.T) {
	for _, o := range []proxy.Observer{nil, struct{}{}, (*watcher)(nil), "text"} {
		_, err := proxy.Start(proxy.Config{Observers: []proxy.Observer{newWatcher(), o}})
		bad, ok := errors.AsType[*proxy.ConfigError](err)
		if !ok || bad.Field != "Observers" || !strings.Contains(err.Error(), "index 1") {
			t.Errorf("%v: %v", reflect.TypeOf(o), err)
		}
	}
}

func TestStopWaitsUntilTheObserversWereTold(t *testing.T) {
	w := newWatcher()
	p := startProxy(t, proxy.Config{Servers: names(1), Pinger: pinging(upPinger), Observers: w.observers()})
	for range 100 {
		if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos("a")}); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.rest(t, p); n < 101 {
		t.Errorf("it was told of %d events", n)
	}
}

// Who sees the view of a move finds the move in a Snapshot: observers of calls look there for what
// happened meanwhile.
func TestAMoveIsCountedBeforeItsViewIsSeen(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: names(3), Pinger: pinging(upPinger)})
	const moves = 1000
	missing, last := make(chan uint64, 1), active(t, p)
	go func() {
		defer close(missing)
		for n := 0; n < moves; runtime.Gosched() {
			v := p.View()
			now, _ := v.Active()
			if now == last {
				if p.Snapshot().Counts.Moves[proxy.MoveFailed] >= moves {
					return
				}
				continue
			}
			last, n = now, n+1
			s := p.Snapshot()
			if len(s.Moves) == 0 || s.Moves[len(s.Moves)-1].Epoch < v.Epoch() {
				missing <- v.Epoch()
				return
			}
		}
	}()
	for range moves {
		if err := p.NotifyFailed(within(t), active(t, p), errDown); err != nil {
			t.Fatal(err)
		}
	}
	if epoch, found := <-missing; found {
		t.Errorf("the view of epoch %d was seen before its move", epoch)
	}
}
