// Package pool carries calls to servers: over one session each (TCP and yamux),
// dialed once however many callers wait for it, shared by all of them, and ended
// when it is idle or its server is gone.
//
// [New] makes a [Pool], [Pool.Call] makes a call, [Pool.Stop] ends them all. A
// failed call is a [*CallError]: it has the [Phase] in which it failed and, as an
// [Outcome], what the server may have done. The pool retries nothing that may
// have been sent.
//
// With Config.TLS it speaks TLS: servers must show a certificate for their role and
// region. [Pool.SetTLS] replaces the credentials while calls go on, [Pool.OfferTLS] as soon
// as a server takes the certificate. The errors are a [*TLSConfigError], or a [*TLSError] under the
// error of a call.
//
// [Pool.Stream] opens a streaming call on a session. [Handlers] answer the calls and
// streams that servers open towards the agent.
//
// # How it is made
//
//   - The owner (owner.go, owner_effects.go) is an actor. It runs a pure core
//     (internal/poolcore), which decides which server is dialed, which session is published,
//     and when one is pinged, left, replaced or ended. Calls do not pass through it: they
//     load the published table (call.go).
//   - A dial resolves names, races their addresses and keeps to its limits
//     (internal/dialing), and sets up a session (dial.go). A goroutine of its own dials. A
//     session has one of the pool's only while something happens to it.
//   - A session (internal/session) carries calls and streams, and serves what servers open
//     towards the agent with [Handlers]. connection.go is the pool's side of it: its
//     configuration, its reports, its errors.
//   - The transport is shared with yamux (internal/mux): call data goes past yamux, its
//     control frames go through it. Under it is a connection whose Write does not block
//     (internal/nbconn).
//   - Arguments and replies pass a Codec (codec.go): the zero one is that of Nomad's servers
//     (internal/wire), a Raw passes as it is. query.go and block.go read the fields of the
//     arguments by which a server treats a request.
//   - Credentials are read and checked at once, and are immutable; a dial takes those in
//     force for its handshake (internal/credentials). What servers must show is put into
//     force at once, and the sessions are verified again (tls_owner.go, tls_trust.go);
//     another certificate is tried on a server first (tls_rotate.go). Then the core has
//     each session replaced.
//   - The text of a server's error is read in remote.go and remote_text.go only.
//     error_text.go shortens the texts of this side's errors.
//   - hooks.go is the side that faces package proxy.
package pool
