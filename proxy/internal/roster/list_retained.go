package roster

import "github.com/open-nomad/rpcproxy/messages"

// toRetain tells which of the servers that the named ones replace are to be held,
// and whether some are. None is if one of those named has just answered and named a
// leader, or may well work: it was here before and was not held for failed. While
// servers are held, or one is lost that is known to work, that is not enough; then
// it must be known to work itself. Who carried the heartbeat, from, answers in any
// case.
func (l *list) toRetain(named map[string]bool, from string, leader bool) (retain func(*entry) bool, retainsAny bool) {
	retaining, loses := l.retaining(), l.loses(named)
	for addr := range named {
		e := l.find(addr)
		switch {
		case leader && addr == from:
			return retainNone, false
		case e == nil, e.health == messages.Failed, retaining && !e.retained, loses && !e.works():
		default:
			return retainNone, false
		}
	}
	return func(e *entry) bool {
		return e.retained || e.server.Addr == from || !retaining && e.health != messages.Failed
	}, true
}

func retainNone(*entry) bool { return false }
