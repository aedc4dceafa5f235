package otel

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// slack is how long before a call began, or before the trouble that a move ends, the other may have
// come: their times are taken in different goroutines.
const slack = time.Second

// history is the last moves that a Proxy knows, oldest first, at an epoch.
type history struct {
	epoch uint64
	moves []proxy.MoveStatus
}

// viewer is a Proxy whose epoch is known without a Snapshot.
type viewer interface{ View() *messages.View }

// recent is the last moves. A Snapshot is taken once for each epoch: in an outage all calls ask.
func (o *Observer) recent() []proxy.MoveStatus {
	state, known := o.state.Load(), o.history.Load()
	if state == nil {
		return nil
	}
	if v, ok := (*state).(viewer); ok && known != nil && known.epoch == v.View().Epoch() {
		return known.moves
	}
	s := (*state).Snapshot()
	o.history.Store(&history{s.Epoch, s.Moves})
	return s.Moves
}

// addMoves makes moves events of a call's span: those that came while the call was under way, from
// a server on which it failed. Moves are told in another goroutine, often only once the call has
// ended, so they are looked up.
func (o *Observer) addMoves(c *call) {
	for _, m := range o.recent() {
		if m.At.After(c.began.Add(-slack)) && c.hasFailed(m.From) {
			c.span.AddEvent(eventMove, trace.WithTimestamp(m.At), trace.WithAttributes(moveAttributes(&m)...))
		}
	}
}

func moveAttributes(m *proxy.MoveStatus) []attribute.KeyValue {
	return []attribute.KeyValue{
		keyFrom.String(shownName(m.From)), keyTo.String(shownName(m.To)), keyReason.String(string(m.Reason)),
		keyFailover.Bool(m.Reason.Failover()), keyTrouble.Float64(m.Trouble.Duration().Seconds()), keyEpoch.Int64(int64(m.Epoch)), //nolint:gosec // it counts from 1
	}
}

// Moved measures a failover, and makes a span of each move.
func (o *Observer) Moved(e proxy.MoveEvent) {
	ctx, began := context.Background(), e.At.Add(-e.Trouble)
	shown := append(moveAttributes(&proxy.MoveStatus{
		At: e.At, From: e.From.Addr, To: e.To.Addr, Reason: e.Reason, Epoch: e.Epoch, Trouble: proxy.Seconds(e.Trouble),
	}), o.own...)
	if e.Err != nil {
		shown = append(shown, keyMoveError.String(errorText(e.Err)))
	}
	ctx, span := o.tracer.Start(ctx, eventMove,
		trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindInternal), trace.WithTimestamp(began),
		trace.WithLinks(o.failures.links(e.From.Addr, began.Add(-slack))...), trace.WithAttributes(shown...))
	defer span.End(trace.WithTimestamp(e.At))
	if e.Reason.Failover() {
		o.measures.failover(ctx, o, &e)
	}
}

// mostFailures is how many failed attempts are known for links.
const mostFailures = 16

// failures are the last attempts that failed, of calls that are recorded.
type failures struct {
	last [mostFailures]atomic.Pointer[failure]
	next atomic.Uint32
}

type failure struct {
	server string
	at     time.Time
	span   trace.SpanContext
}

// note keeps a failed attempt, in the place of the oldest.
func (f *failures) note(server string, span trace.SpanContext) {
	f.last[(f.next.Add(1)-1)%mostFailures].Store(&failure{server, time.Now(), span})
}

// links leads to the calls that have failed on a server since then.
func (f *failures) links(server string, since time.Time) (links []trace.Link) {
	known := map[trace.SpanID]bool{}
	for i := range f.last {
		one := f.last[i].Load()
		if one != nil && one.server == server && one.at.After(since) && !known[one.span.SpanID()] {
			known[one.span.SpanID()] = true
			links = append(links, trace.Link{SpanContext: one.span})
		}
	}
	return links
}
