package fleet

import "time"

// kind is the subject of an event.
type kind uint8

const (
	evStart      kind = iota // an agent starts
	evFault                  // the world changes: arg is which fault
	evSample                 // the state of the fleet is taken
	evDue                    // a deadline of one of an agent's cores
	evBeat                   // the next heartbeat is due
	evDialed                 // a dial has ended: arg is how
	evLate                   // a dial was not answered in time; it goes on
	evProved                 // a session has shown whether its server knows a leader, or not
	evAnswered               // an answer comes: arg is which
	evTaken                  // a server holds the blocking query from now on
	evLook                   // what waits for one is looked at
	evPong                   // a yamux ping is answered
	evVoice                  // the next corroborator is asked
	evChanged                // a server answers less, or more
	evPause                  // a call's pause is over
	evRace                   // a race for a session goes on
	evBroke                  // a session broke
	evDiscovered             // a discovery run ends
	evLoop                   // the agent makes a call again that was given up
	evNoLeader               // stock: a heartbeat is refused for want of a leader
	evHeld                   // stock: a blocking query's time is over
	evRound                  // stock: a round of pings begins
	evPing                   // stock: one of them has ended: arg is how
	evAlive                  // stock: yamux's keepalive: arg is whether a ping is out
)

// event is one thing that happens to one agent, or to the world, at one time.
type event struct {
	at     time.Duration
	agent  int32  // world: it is none's
	gen    uint32 // what it belongs to; what has a newer one ignores it
	arg    uint32
	server int16
	kind   kind
	call   uint8
}

const world int32 = -1

// The queue's wheels: each has 1,024 slots of 2^20 ns (1 ms), 2^30 ns (1 s) and 2^40 ns (18 min).
const (
	slotBits  = 20
	wheelBits = 10
	slots     = 1 << wheelBits
)

// queue holds the events to come. Those of the slot of 1 ms that is under way are in a heap.
// Later ones wait in wheels, in the order in which they were pushed: when a slot is
// reached its events are put into the next finer wheel, and those of the finest one into
// the heap. So an event costs the same however many there are, and events of one time come
// in the order in which they were pushed.
type queue struct {
	heap   []timed
	seq    uint32
	slot   int64 // that is under way, in 2^20 ns
	wheels [3][slots]list
	left   [3]int // in each wheel
	free   *block
}

// timed is an event of the heap.
type timed struct {
	event
	seq uint32
}

// list is the events of a slot.
type list struct{ first, last *block }

// block is some of them. Blocks are used again.
type block struct {
	next   *block
	n      int
	events [42]event
}

func (q *queue) push(e event) {
	slot := int64(e.at) >> slotBits
	for w := range q.wheels {
		bits := wheelBits * w
		if slot>>bits <= q.slot>>bits {
			q.pushHeap(e) // it is of the slot under way
			return
		}
		if slot>>(bits+wheelBits) == q.slot>>(bits+wheelBits) {
			q.left[w]++
			q.put(&q.wheels[w][slot>>bits&(slots-1)], e)
			return
		}
	}
	panic("an event in more than two weeks")
}

// put appends an event to those of a slot.
func (q *queue) put(l *list, e event) {
	b := l.last
	if b == nil || b.n == len(b.events) {
		if b = q.free; b != nil {
			q.free, b.next, b.n = b.next, nil, 0
		} else {
			b = new(block)
		}
		if l.last == nil {
			l.first = b
		} else {
			l.last.next = b
		}
		l.last = b
	}
	b.events[b.n] = e
	b.n++
}

// empty gives the events of the slot under way of a wheel to each, and their blocks back.
func (q *queue) empty(w int, each func(event)) {
	l := &q.wheels[w][q.slot>>(wheelBits*w)&(slots-1)]
	b := l.first
	*l = list{}
	for b != nil {
		q.left[w] -= b.n
		for i := range b.n {
			each(b.events[i])
		}
		next := b.next
		b.next, q.free = q.free, b
		b = next
	}
}

// next is the next slot of 1 ms that something may be in.
func (q *queue) next() int64 {
	for w := range q.wheels {
		if q.left[w] > 0 {
			return (q.slot>>(wheelBits*w) + 1) << (wheelBits * w)
		}
	}
	return 1<<63 - 1
}

// ready has the earliest events in the heap; false: there are none before end.
func (q *queue) ready(end time.Duration) bool {
	last := (int64(end) - 1) >> slotBits
	for len(q.heap) == 0 {
		if q.slot >= last {
			return false
		}
		q.slot = min(q.next(), last)
		for w := len(q.wheels) - 1; w > 0; w-- {
			if q.slot&(1<<(wheelBits*w)-1) == 0 {
				q.empty(w, q.push)
			}
		}
		q.empty(0, q.pushHeap)
	}
	return q.heap[0].at < end
}

// The cluster's own events.
const (
	evSyn    kind = 100 + iota // arg and gen are which SYN is sent
	evForget                   // arg is the server that heartbeats name no longer
)
