package testutil

// connLog knows the connections of a cluster and whose they are. It belongs to
// the world's owner.
type connLog struct {
	moment  uint64 // counts openings and ends
	all     OpenCount
	unbound map[*connEntry]uint64 // open, and the moment of its opening
	nodes   map[string]*nodeLog
}

// nodeLog is the connections of one node.
type nodeLog struct {
	OpenCount
	open map[*connEntry]uint64
	past []span // those that ended, as long as others may be found to have been open with them
}

// connEntry stands for a connection in a connLog.
type connEntry struct{ server string } // its address

// span is the life of a connection, in moments.
type span struct{ from, to uint64 }

func newConnLog() connLog {
	return connLog{unbound: map[*connEntry]uint64{}, nodes: map[string]*nodeLog{}}
}

func (l *connLog) open(c *connEntry) {
	l.moment++
	l.all.open()
	l.unbound[c] = l.moment
}

// bind notes the node of a connection, also for the time until now.
func (l *connLog) bind(c *connEntry, nodeID string) {
	from, ok := l.unbound[c]
	if !ok {
		return
	}
	delete(l.unbound, c)
	n := l.nodes[nodeID]
	if n == nil {
		n = &nodeLog{open: map[*connEntry]uint64{}}
		l.nodes[nodeID] = n
	}
	n.open[c] = from
	n.Open++
	n.Ever++
	n.Peak = max(n.Peak, n.overlap(from))
}

// remove forgets a connection.
func (l *connLog) remove(c *connEntry, nodeID *string) {
	l.moment++
	l.all.Open--
	delete(l.unbound, c)
	if nodeID == nil {
		return
	}
	n := l.nodes[*nodeID]
	n.past = append(n.past, span{n.open[c], l.moment})
	n.Open--
	delete(n.open, c)
	l.prune(n)
}

// prune drops what ended before the oldest connection was opened of which it is
// not known yet whose it is.
func (l *connLog) prune(n *nodeLog) {
	oldest := l.moment
	for _, from := range l.unbound {
		oldest = min(oldest, from)
	}
	kept := n.past[:0]
	for _, s := range n.past {
		if s.to > oldest {
			kept = append(kept, s)
		}
	}
	n.past = kept
}

// overlap is the largest number of connections that were open at once since the
// moment.
func (n *nodeLog) overlap(since uint64) (most int64) {
	at := func(moment uint64) (count int64) {
		for _, from := range n.open {
			if from <= moment {
				count++
			}
		}
		for _, s := range n.past {
			if s.from <= moment && moment < s.to {
				count++
			}
		}
		return count
	}
	most = at(since)
	for _, from := range n.open {
		if from > since {
			most = max(most, at(from))
		}
	}
	for _, s := range n.past {
		if s.from > since {
			most = max(most, at(s.from))
		}
	}
	return most
}
