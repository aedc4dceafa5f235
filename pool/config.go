package pool

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// Config configures a Pool. The zero value works. A duration may be up to a
// year.
type Config struct {
	// Dial opens the transport; nil means TCP. It is called with a context that
	// ends with the dial's time, see DialTimeout, and the name in addr is resolved by it each time.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Resolver resolves the name in an address, at each dial; nil means
	// net.DefaultResolver. Up to 16 of its addresses are tried, by chance, so that the
	// agents of a fleet spread over them, the families alternating, those that failed
	// within the last minute last; each 250 ms after the one before it, or as soon as
	// that has failed, and sooner if DialTimeout would not do for all. The first on
	// which the server answers is used.
	//
	// The last addresses of a name, of up to 256 names, are used when the resolver fails
	// or does not answer within 500 ms, for up to 24 h, and for up to 10 min when it answers
	// that there is no such name. A lookup that is given up may go on in package net for
	// some seconds. It must be nil with Dial, which resolves by itself.
	Resolver *net.Resolver

	// OwnAddrs are addresses at which this process itself serves agents. A connection that leads
	// to one, whatever the name was that did, is closed; the error is a *DialError with an
	// *AddrRefusedError. Without an IP address (0.0.0.0, ::) they are those of this machine.
	OwnAddrs []netip.AddrPort

	// RefuseSidecars refuses servers that serve agents by package accept, as sidecars do: two that
	// name each other would pass calls in a circle. They know each other by the first ping of a
	// session. The error is a *DialError with an *AddrRefusedError.
	RefuseSidecars bool

	// TLS is how to speak TLS; nil is plain TCP. Pool.SetTLS replaces it.
	TLS *TLSConfig

	// DialTimeout is how long a call waits for a dial, from the first packet until the
	// server has answered on the session: a connected socket alone proves nothing.
	// Zero means 2 s.
	//
	// A socket that is not connected by then is given up; while that happens to an
	// address it has twice the time, and then four times. One that is connected goes on
	// without its callers, for 32 times DialTimeout, a minute at most: a server with many
	// handshakes to do works it off all the same, and a later call finds the session. A call
	// in the meantime may have one more dial made.
	//
	// A dial that fails, and a session that ends within 10 s before a call on it was
	// answered, are followed by another dial at once, and then by a back-off: half to all
	// of 100 ms, doubled each time, to 2 s, in a large fleet to 1 min. All callers share it;
	// in the meantime they get a *DialError with a *BackoffError at once. At most 32 dials
	// are under way, 16 of them for Ping, and 4 more to try credentials; others wait. So do
	// the addresses of names when 64 are tried at once beside the first one of each dial:
	// all that a Pool dials takes 100 descriptors at most.
	DialTimeout time.Duration

	// SilenceLimit is how long a call may wait while nothing at all comes in from
	// its server before that server is pinged, and while no call is answered, whatever
	// comes in, before it is asked for a Status.Ping on the same session. Where the
	// server usually takes longer for the method, a call waits half as much again as
	// that, ten times SilenceLimit at most, before the server is asked. A blocking query
	// counts as waiting only when its own time is over. Zero means 1 s.
	SilenceLimit time.Duration

	// PingTimeout is how long the server may take for a sign of life then; after
	// that its session ends, with the calls on it. It is also how long the server may
	// take to answer the Status.Ping, or any other call: after that calls leave the
	// session (ErrNotServing) if another server answers, or this one does on a
	// new connection. Calls that are Repeatable, or may be Moved, and streams that are
	// not acknowledged end then; the others wait on, because it would not be known
	// whether they were executed. Zero means 2 s.
	PingTimeout time.Duration

	// HoldTimeout is how long a server may take to begin to answer a call, beyond the
	// time a blocking query asked for, however alive it is. It counts from the moment
	// that the request has left. From the first byte of the answer on, it is how long
	// that may pause: a large reply over a slow line comes through as long as it goes
	// on, at 1 KiB a second at least, and so does a large request; one that trickles is
	// given up. The same goes for the acknowledgement of a stream. Zero means 1 min.
	HoldTimeout time.Duration

	// IdleTimeout is how long a session may stay unused before it is closed. The
	// retained server's session is kept. Zero means 2 min.
	IdleTimeout time.Duration

	// MaxIdleStreams bounds the streams kept open per session for the next calls. Those
	// that no call needed for about 2 minutes are closed, some at a time, but for 4: each
	// costs the server a goroutine and about 20 KiB. Zero means 256, 65,536 is the most.
	MaxIdleStreams int

	// MaxReplyBytes bounds a reply, header and body together, and with its bytes its
	// elements, of all lists and maps: one for each 16 of these bytes, or 65,536 if
	// that is more. In memory a reply may become four times this, or 16 MiB if that is
	// more: what it would take in the caller's type is estimated before it is decoded,
	// and one that would take more is refused (SizeError.Decoded). So is a large one that
	// has something else where that type has a map (DecodeError). A Raw, what a Codec makes
	// of a reply, and what types with codec.Selfer make of it beyond its bytes, is not
	// estimated. Zero means 64 MiB, 1 GiB is the most.
	MaxReplyBytes int

	// MaxPendingReplyBytes bounds what all replies on their way in hold in memory at once,
	// of all servers, from their first bytes until they are decoded. A reply for which
	// there is no room ends its call with a *RoomError; those that have room keep it, and one
	// of them, which was there first, may grow to MaxReplyBytes whatever the others do. The first
	// 16 KiB of each do not count, so small ones always come in. Zero means 256 MiB, or
	// four times MaxReplyBytes if that is more; MaxReplyBytes is the least.
	MaxPendingReplyBytes int

	// Codec writes and reads arguments and replies. Zero means as Nomad's servers do.
	Codec Codec

	// Handlers answer what servers ask of the agent.
	Handlers Handlers

	// MaxReverseStreams bounds the streams that a server may have open on one
	// session, for calls and for streaming calls; those beyond are reset. Zero means
	// 1,024, 65,536 is the most.
	MaxReverseStreams int

	// MaxRequestBytes bounds a request of a server, header and body together. Decoded, its
	// arguments may take four times this, or 16 MiB if that is more. Zero means 4 MiB,
	// 1 GiB is the most, and no more than MaxReverseBytes may be given.
	MaxRequestBytes int

	// MaxReverseBytes bounds what all servers together have the agent hold in memory on
	// the streams that they open: what came in and was not read by a handler, requests and
	// what handlers decode them into until they are answered, and the answers until the
	// server has taken them. Of a streaming call the request read last counts until it ends.
	// The first 4 KiB of each do not count, so small requests are always served. A session gets no
	// more than three times what it leaves free: one alone has three quarters, and however
	// many want all, the next one finds some.
	//
	// A request for which there is no room is refused with an error that names this limit.
	// So is what it would be decoded into, and an answer, unless that is the only thing that
	// is held. A stream that is not
	// read holds up to 256 KiB; if there is no room it is cut (ErrOverrun, Stats.Overrun).
	// A request that stalls for 5 s, or comes at less than 16 KiB/s for a minute, is given
	// up. Streams that the agent opens (Pool.Stream) do not count: each holds up to 256 KiB
	// that is not read, and more than that ends the session. What a Codec makes of a request,
	// and what types with codec.Selfer make of it beyond its bytes, is not estimated. Zero
	// means 64 MiB, 1 GiB is the most.
	MaxReverseBytes int

	// DrainTimeout is how long a session that works is kept, after its last use, once
	// it was left for another server or replaced (SetTLS): its server may
	// know the agent by it until the next heartbeat. Where heartbeats hold for
	// longer, that counts. A session is not ended while it carries calls or
	// streams, with one exception: when new credentials withdraw the trust on which it
	// was made, it ends that long afterwards, with all that is on it. Zero means 30 s.
	//
	// At most 4 sessions of one server, and 16 in all that were left or replaced, are
	// kept: with more, one that carries nothing is ended, or else the oldest, with
	// what is on it (ErrTooManySessions).
	DrainTimeout time.Duration

	// Logger gets one line when a session begins, ends, or does not come up, at debug
	// level; when TLS credentials are replaced (info), or watched files, or what is on
	// offer, are not taken (warn); when servers' names are not verified, servers are not
	// trusted any more, or a certificate expires, is not valid yet or not any more (warn); when a
	// session was ended for want of room; and at most once a minute and session when
	// something that a server opened was refused (warn). Its writer and hooks are called by
	// one goroutine at a time, which nothing waits for; where they do not keep up lines are
	// dropped, and counted (Stats.LostLines). The zero value logs nothing.
	Logger zerolog.Logger
}

// longest is the largest duration of a Config: far beyond use, and sums of a few of them
// are still durations.
const longest = session.Longest

// bounded refuses a value of field that is negative or above most, and makes zero the default.
func bounded[N int | time.Duration](field string, value *N, zero, most N) error {
	if *value < 0 || *value > most {
		kind := "number"
		if _, ok := any(most).(time.Duration); ok {
			kind = "duration"
		}
		return &ConfigError{field, fmt.Sprintf("is %v: give a positive %s up to %v, or 0 for %v", *value, kind, most, zero)}
	}
	*value = cmp.Or(*value, zero)
	return nil
}

// boundPending checks MaxPendingReplyBytes, after MaxReplyBytes. cmp.Or calls it also if
// that is bad.
func (c *Config) boundPending() error {
	zero := int(min(max(256<<20, 4*int64(c.MaxReplyBytes)), math.MaxInt))
	if err := bounded("MaxPendingReplyBytes", &c.MaxPendingReplyBytes, zero, math.MaxInt); err != nil {
		return err
	}
	if c.MaxPendingReplyBytes < c.MaxReplyBytes {
		return &ConfigError{"MaxPendingReplyBytes", fmt.Sprintf("is %d, less than MaxReplyBytes for one reply: give %d or more, or 0 for %d",
			c.MaxPendingReplyBytes, c.MaxReplyBytes, zero)}
	}
	return nil
}

// validate fills in the defaults.
func (c *Config) validate() error {
	request := c.MaxRequestBytes // as it was given: the default may be more than there is room for
	if err := cmp.Or(
		bounded("DialTimeout", &c.DialTimeout, poolcore.DialTimeout, longest),
		bounded("SilenceLimit", &c.SilenceLimit, poolcore.SilenceLimit, longest),
		bounded("PingTimeout", &c.PingTimeout, poolcore.PingTimeout, longest),
		bounded("HoldTimeout", &c.HoldTimeout, poolcore.HoldTimeout, longest),
		bounded("IdleTimeout", &c.IdleTimeout, poolcore.IdleTimeout, longest),
		bounded("DrainTimeout", &c.DrainTimeout, poolcore.DrainTimeout, longest),
		bounded("MaxIdleStreams", &c.MaxIdleStreams, 256, 1<<16),
		bounded("MaxReplyBytes", &c.MaxReplyBytes, 64<<20, 1<<30),
		c.boundPending(),
		bounded("MaxReverseStreams", &c.MaxReverseStreams, 1024, 1<<16),
		bounded("MaxRequestBytes", &c.MaxRequestBytes, 4<<20, 1<<30),
		bounded("MaxReverseBytes", &c.MaxReverseBytes, 64<<20, 1<<30),
		c.Codec.validate(),
		c.Handlers.validate(),
	); err != nil {
		return err
	}
	if request > c.MaxReverseBytes {
		return &ConfigError{"MaxRequestBytes", fmt.Sprintf("is %d, more than MaxReverseBytes (%d) for the requests of all servers: give less, or a larger MaxReverseBytes", request, c.MaxReverseBytes)}
	}
	if c.Dial != nil && c.Resolver != nil {
		return &ConfigError{"Resolver", "is set beside Dial, which resolves names by itself: leave one of them nil"}
	}
	if c.Dial == nil {
		c.Dial = dialing.NewDialer().DialContext
	}
	return nil
}
