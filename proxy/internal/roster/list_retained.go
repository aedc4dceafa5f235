package roster

import "github.com/open-nomad/rpcproxy/messages"

// toHold tells which of the servers that the named ones replace are to be held,
// and whether some are. None is if one of those named has just answered and named a
// leader, or may well work: it was here before and was not held for failed. While
// servers are held, or one is lost that is known to work, that is not enough; then
// it must be known to work itself. Who carried the heartbeat, from, answers in any
// case.
func (l *list) toHold(named map[string]bool, from string, leader bool) (hold func(*entry) bool, some bool) {
	holding, loses := l.holding(), l.loses(named)
	for addr := range named {
		e := l.find(addr)
		switch {
		case leader && addr == from:
			return nobodyHeld, false
		case e == nil, e.health == messages.Failed, holding && !e.held, loses && !e.works():
		default:
			return nobodyHeld, false
		}
	}
	return func(e *entry) bool {
		return e.held || e.server.Addr == from || !holding && e.health != messages.Failed
	}, true
}

func nobodyHeld(*entry) bool { return false }
