package roster

import "github.com/open-nomad/rpcproxy/messages"

// toRetain selects which of the servers that the named ones replace are retained, and
// reports whether any may be. None is if one of the named servers will do:
//
//	named server                     none is retained yet   some are
//	carried the heartbeat (from),
//	and that names a leader          will do                will do
//	new to the list, or failed       -                      -
//	Unknown, a live one would leave  -                      -
//	Unknown otherwise                will do                if it is retained
//	Alive or Leaderless              will do                if it is retained
//
// Otherwise these are: every primary that has not failed, or, if some are retained
// already, those; and the server that carried the heartbeat.
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
