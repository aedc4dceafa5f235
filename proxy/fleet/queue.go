package fleet

import "time"

// kind is the subject of an event.
type kind uint8

const (
	evStart       kind = iota // an agent starts
	evFault                   // the world changes: arg is which fault
	evSample                  // the state of the fleet is taken
	evRoster                  // a deadline of the roster
	evBeat                    // the next heartbeat is due
	evDialed                  // a dial has ended: arg is how
	evLate                    // a dial was not answered in time; it goes on
	evAnswered                // a heartbeat is answered
	evNoLeader                // a heartbeat is refused for want of a leader
	evSlice                   // an attempt's slice of the time is over
	evSuspect                 // a call is overdue, or nothing came in for too long
	evUnanswered              // the ping that followed was not answered
	evHeld                    // a blocking query's time is over
	evPause                   // a call's pause is over
	evBroke                   // a session broke
	evMoved                   // the blocking query's server is no longer in front
	evPinged                  // a probe's or a corroborator's ping is answered
	evCorroborate             // the next corroborator is asked
	evDiscovered              // a discovery run ends
	evLoop                    // the agent makes a call again that was given up
	evRound                   // stock: a round of pings begins
	evPing                    // stock: one of them has ended: arg is how
	evAlive                   // stock: yamux's keepalive: arg is whether a ping is out
)

// event is one thing that happens to one agent, or to the world, at one time.
type event struct {
	at     time.Duration
	seq    uint64
	agent  int32 // world: it is none's
	server int16
	kind   kind
	call   uint8
	gen    uint32 // what it belongs to; what has a newer one ignores it
	arg    uint32
}

const world int32 = -1

// before orders events: by time, then by when they were pushed, so that runs repeat.
func (e *event) before(o *event) bool {
	if e.at != o.at {
		return e.at < o.at
	}
	return e.seq < o.seq
}

// queue holds the events to come: a heap in which each has four below it.
type queue struct {
	heap []event
	seq  uint64
}

func (q *queue) push(e event) {
	q.seq++
	e.seq = q.seq
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		above := (i - 1) / 4
		if !e.before(&q.heap[above]) {
			break
		}
		q.heap[i] = q.heap[above]
		i = above
	}
	q.heap[i] = e
}

// pop takes the earliest event, of which there must be one.
func (q *queue) pop() event {
	first := q.heap[0]
	n := len(q.heap) - 1
	e := q.heap[n]
	q.heap = q.heap[:n]
	if n == 0 {
		return first
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		least := child
		for j := child + 1; j < min(child+4, n); j++ {
			if q.heap[j].before(&q.heap[least]) {
				least = j
			}
		}
		if !q.heap[least].before(&e) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = e
	return first
}
