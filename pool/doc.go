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
// [Pool.Retain] names the server that the agent is at. The session of the one that
// was left is cut by nothing: what is on it runs to its end, its server reaches the
// agent on it, and it ends when it has carried nothing for a while. Blocking reads
// are made again elsewhere (Request.Moved), so that it has soon.
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
//   - Arguments and replies pass a Codec (codec.go): the zero one is that of Nomad's
//     servers (internal/wire), a Raw (raw.go) is let through, and whatever did not come
//     from the pool's own is checked to be one value before it is sent. query.go and
//     block.go read what the arguments say about how a server will treat them.
//   - Credentials are read and checked at one go (tlsload.go) and then never
//     changed (tls.go); a dial takes those in force (tlsconn.go). When others came
//     into force (rotate.go, watch.go), the core has each session replaced
//     (renew.go): the new one is published, and then the old one takes no further
//     call. It ends with what is on it, or in time where the trust it was made on is
//     withdrawn (trust.go).
//   - A session that was left (move.go), or replaced, ends when its server has had
//     the time to learn of another (retire.go).
//   - remote.go is the one place where the text of an error means anything.
package pool
