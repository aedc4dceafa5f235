// Package pool carries calls to servers: over one session each (TCP and yamux),
// dialed once however many callers wait for it, shared by all of them, and left
// when it is idle or its server is gone.
//
// [New] makes a [Pool], [Pool.Call] makes a call, [Pool.Stop] ends them all. A
// failed call is a [*CallError]: it says in which [Phase] it failed and, as an
// [Outcome], what the server may have done. The pool retries nothing that may
// have been sent.
//
// With Config.TLS it speaks TLS: servers must show a certificate for their role
// and region, and [Pool.SetTLS] replaces what this side shows while calls go on, or
// [Pool.OfferTLS] as soon as a server takes it. Whatever stands in the way is a [*TLSConfigError], or a [*TLSError] under the
// error of a call.
//
// [Pool.Stream] opens a streaming call on the session that is there. Handlers
// answer the calls and streams that servers open towards the agent.
//
// # How it is made
//
//   - An owner (core.go, owner.go) decides which server is dialed and which
//     session is published or ended. The core is pure: messages in, effects out.
//     Calls do not pass through it; they load the published table.
//   - A session (session.go, dial.go) has a keeper, the goroutine that dialed it
//     and ends it, after all others of the session.
//   - A lane (lane.go) is a stream that carries one call after the other. It has no
//     goroutine: its caller writes the request (exchange.go), the goroutine that
//     reads the transport puts the reply together (reply.go), and the caller waits
//     for that or for its own context (await.go). A lane whose caller has left is
//     given up. Only what blocks in yamux, opening (lane_open.go) and closing, is
//     done by a goroutine of the session's crew.
//   - A tap (tap.go) sits between yamux and the transport. What lanes send and
//     receive goes past yamux there. One goroutine at a time has the token to write
//     (tap_write.go) and writes what others have queued as well; yamux's frames
//     take the same way (tap_yamux.go). Inbound (tap_read.go), data goes to the port
//     (ports.go) of its stream, or to yamux, which sees all flags. So the tap also
//     sees what yamux does not tell: streams that the server closed, its farewell,
//     why reading ended.
//   - Under it, a spill (spill.go) makes writing to the kernel something that does
//     not block. Other transports are written to by a goroutine.
//   - A stream (stream.go, conn.go) counts as in use from before it is opened until
//     its conn is released, once, by Close or by the session's end.
//   - What servers open towards the agent is accepted on every session before that
//     is published (accept.go) and handed to [Handlers] (serve.go). A stream too
//     many, or one whose peer never ends it, is reset (reset.go): an opening that
//     was given up is not, for the server may not have read its mode byte yet.
//   - Credentials are read and checked at one go (tlsload.go) and then never
//     changed (tls.go); a dial takes those in force (tlsconn.go). When others came
//     into force (rotate.go, watch.go), the core has each session replaced
//     (renew.go): the new one is published, and then the old one ends with its
//     last call.
//   - remote.go is the one place where the text of an error means anything.
package pool
