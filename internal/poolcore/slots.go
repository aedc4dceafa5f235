package poolcore

import "slices"

// The most dials at once, and the most of these for probes: a probe never keeps a call
// waiting. Each takes a descriptor; those of names with several addresses share some more.
const (
	maxDials  = 32
	maxProbes = maxDials / 2
	// maxGivenUp is how many dials may be under way still that were given up. They end at
	// once, unless what dials is an embedder's and does not look at its context.
	maxGivenUp = maxDials
)

// dialing is a dial that waits for a slot or is under way.
type dialing struct {
	addr     string
	session  uint64
	probe    bool // no call waits for it
	second   bool // it began while another one to its address was late
	late     bool // the callers were answered that it failed; it goes on
	stale    bool // its session is of no use any more
	spare    bool // it is late, and only Connect with Spare asked for it
	afterCut bool // it is late, and is made in place of a session that was cut
}

// slots bounds the dials that are under way. Others wait, in the order in which they were
// asked for. A dial that is late goes on for as long as no other one wants its slot.
type slots struct {
	running ordered[uint64, *dialing]
	ending  []uint64 // sessions of those given up that have not ended yet
	queue   []*dialing
}

func (d *dialing) key() uint64 { return d.session }

// begin begins a dial, and reports whether it could: none waits, and there is a slot.
func (s *slots) begin(d *dialing) bool {
	if under := len(s.running); len(s.queue) > 0 || under >= maxDials || d.probe && under >= maxProbes {
		return false
	}
	s.running.put(d)
	return true
}

// ask puts a dial into the queue.
func (s *slots) ask(d *dialing) { s.queue = append(s.queue, d) }

// next takes the next dial out of the queue, if there is a slot for it, or one can be had
// by giving up a late dial, which it returns too.
func (s *slots) next() (d, gaveUp *dialing) {
	if len(s.queue) == 0 {
		return nil, nil
	}
	probes := 0
	for _, r := range s.running {
		if r.probe {
			probes++
		}
	}
	at := max(slices.IndexFunc(s.queue, func(q *dialing) bool { return !q.probe }), 0) // calls go first
	d = s.queue[at]
	crowded := d.probe && probes >= maxProbes
	if crowded || len(s.running) >= maxDials {
		if gaveUp = s.oldestLate(crowded); gaveUp == nil || len(s.ending) >= maxGivenUp {
			return nil, nil
		}
		s.running.drop(gaveUp.session)
		s.ending = append(s.ending, gaveUp.session)
	}
	s.queue = slices.Delete(s.queue, at, at+1)
	s.running.put(d)
	return d, gaveUp
}

// oldestLate is the late dial that began first; nil: none is late.
func (s *slots) oldestLate(probes bool) *dialing {
	for _, r := range s.running {
		if r.late && (r.probe || !probes) {
			return r
		}
	}
	return nil
}

// lateTo reports whether a late dial to addr is under way.
func (s *slots) lateTo(addr string) bool {
	for _, r := range s.running {
		if r.late && r.addr == addr {
			return true
		}
	}
	return false
}

// wanted makes a dial in the queue one that a call waits for.
func (s *slots) wanted(session uint64) {
	for _, q := range s.queue {
		if q.session == session {
			q.probe = false
		}
	}
}

// drop takes a dial out of the queue, and reports whether it was there.
func (s *slots) drop(session uint64) bool {
	before := len(s.queue)
	s.queue = slices.DeleteFunc(s.queue, func(q *dialing) bool { return q.session == session })
	return len(s.queue) < before
}

// done frees the slot of a dial that has ended, and returns that dial; nil: it had none.
func (s *slots) done(session uint64) *dialing {
	d := s.running.find(session)
	s.running.drop(session)
	s.ending = slices.DeleteFunc(s.ending, func(id uint64) bool { return id == session })
	return d
}
