package proxy

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// observers are those of Config.Observers, by what they are told. A nil one has none. It is not
// changed after Start.
type observers struct {
	calls       []CallObserver
	attempts    []AttemptObserver
	moves       []MoveObserver
	rounds      []RoundObserver
	discoveries []DiscoveryObserver
	heartbeats  []HeartbeatObserver
	sessions    []SessionObserver
	starts      []StartObserver

	log    *logqueue.Logger
	events eventQueue
}

// newObservers finds out what each observer is told; nil without any.
func newObservers(all []Observer, log *logqueue.Logger) *observers {
	if len(all) == 0 {
		return nil
	}
	o := &observers{log: log}
	for _, one := range all {
		add(&o.calls, one)
		add(&o.attempts, one)
		add(&o.moves, one)
		add(&o.rounds, one)
		add(&o.discoveries, one)
		add(&o.heartbeats, one)
		add(&o.sessions, one)
		add(&o.starts, one)
	}
	o.events.init(log)
	return o
}

// add appends one if it is a T.
func add[T any](list *[]T, one Observer) {
	if o, ok := one.(T); ok {
		*list = append(*list, o)
	}
}

// checkObservers is why one of them cannot be used.
func checkObservers(all []Observer) error {
	for i, o := range all {
		switch {
		case contain.IsNil(o):
			return &ConfigError{Field: "Observers", Reason: fmt.Sprintf("has a nil %T at index %d: leave it out", o, i)}
		case !observing(o):
			return &ConfigError{Field: "Observers", Reason: fmt.Sprintf("has a %T at index %d, which has the methods of none of the interfaces: see Observer", o, i)}
		}
	}
	return nil
}

// each calls tell for each of list, and contains what it panics with.
func each[T any](log *logqueue.Logger, list []T, tell func(T)) {
	for _, one := range list {
		log.Panicked(inObserver, contain.Call(func() { tell(one) }))
	}
}

// The methods that follow queue an event. What the function has is a copy, made where it is known to
// be wanted: the parameter itself would be allocated in any case.

func (o *observers) moved(e MoveEvent) {
	if o != nil && len(o.moves) > 0 {
		kept := e
		o.events.put(func() { each(o.log, o.moves, func(m MoveObserver) { m.Moved(kept) }) })
	}
}

func (o *observers) roundEnded(e RoundEvent) {
	if o != nil && len(o.rounds) > 0 {
		kept := e
		o.events.put(func() { each(o.log, o.rounds, func(r RoundObserver) { r.RoundEnd(kept) }) })
	}
}

func (o *observers) discoveryEnded(e DiscoveryEvent) {
	if o != nil && len(o.discoveries) > 0 {
		kept := e
		o.events.put(func() { each(o.log, o.discoveries, func(d DiscoveryObserver) { d.DiscoveryEnd(kept) }) })
	}
}

func (o *observers) heartbeat(e HeartbeatEvent) {
	if o != nil && len(o.heartbeats) > 0 {
		kept := e
		o.events.put(func() { each(o.log, o.heartbeats, func(h HeartbeatObserver) { h.Heartbeat(kept) }) })
	}
}

func (o *observers) sessionUp(e SessionEvent) {
	if o != nil && len(o.sessions) > 0 {
		kept := e
		o.events.put(func() { each(o.log, o.sessions, func(s SessionObserver) { s.SessionUp(kept) }) })
	}
}

func (o *observers) sessionDown(e SessionEvent) {
	if o != nil && len(o.sessions) > 0 {
		kept := e
		o.events.put(func() { each(o.log, o.sessions, func(s SessionObserver) { s.SessionDown(kept) }) })
	}
}

// started tells the observers of a Proxy, in this goroutine.
func (o *observers) started(s Snapshotter) {
	if o != nil {
		each(o.log, o.starts, func(one StartObserver) { one.Started(s) })
	}
}

// ofCalls is o if it has observers of calls or attempts, else nil.
func (o *observers) ofCalls() *observers {
	if o == nil || len(o.calls) == 0 && len(o.attempts) == 0 {
		return nil
	}
	return o
}

// lost is how many events were dropped.
func (o *observers) lost() uint64 {
	if o == nil {
		return 0
	}
	return o.events.dropped.Load()
}

// flush waits until what happened was told.
func (o *observers) flush(ctx context.Context) {
	if o != nil {
		o.events.flush(ctx)
	}
}
