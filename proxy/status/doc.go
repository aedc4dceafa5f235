// Package status shows a Proxy over HTTP: a page for people, JSON for programs, a check for
// supervisors, and an archive to send along with a report.
//
//	http.Handle("/nomad/", http.StripPrefix("/nomad", status.New(p, status.Config{})))
//
//	/                  the page; it needs no other host
//	/snapshot.json     proxy.Snapshot
//	/state.json        State: the snapshot and the decisions that led to it
//	/events            State as server-sent events, when something changes
//	/healthz           200, or 503 when the agent is not served for longer than the TTL; Health
//	/metrics           Config.Metrics
//	/debug/bundle.zip  all of it, the goroutines and the configuration
//
// All answers are made of published state: they come while the owner of the Proxy is busy, and
// after it has ended. None has a token, a key or a certificate; what has the form of a token, as the
// ID of a node has, is left out. A [Handler] answers GET and HEAD,
// to loopback names and addresses unless Config.Hosts has others, and not to pages of other
// sites. It asks for no password: who can connect can read it.
//
// The events are:
//
//	state   one line, State as JSON. The first has all decisions, later ones those that are new or
//	        changed since: merge them by "seq". Sent when something has changed, which is looked
//	        at four times a second, and every 2 s.
//	end     one line, {"of":"proxy"|"server","why":"..."}: the last event. The Proxy has ended, or
//	        the HTTP server is about to.
package status
