package pool

import (
	"cmp"
	"context"
	"maps"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/latency"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// Pool carries calls to servers over one session each. All methods may be used
// by any number of goroutines.
type Pool struct {
	cfg     Config
	hooks   poolhooks.Hooks
	queue   *logqueue.Queue // of log
	log     *logqueue.Logger
	origin  time.Time // of all times that are stored as nanoseconds
	actor   *actor.Actor[*mail]
	table   atomic.Pointer[table]
	creds   atomic.Pointer[credentials.Credentials] // of new sessions; nil: plain TCP. The owner sets it
	reached atomic.Pointer[string]                  // the server that answered last; the owner sets it
	counts  counts
	usual   *usual // how long slow methods take
	patient *usual // how long calls of others waited while their server answered
	times   *latency.Table
	offset  time.Duration       // from the origin of times to that of this pool
	live    shared[*connection] // the sessions that are up

	reaching reaching // dials under way whose connection was accepted

	sessions *session.Config  // of every session
	muxing   *mux.YamuxConfig // the same
	budget   *mux.Budget      // the same: of Config.MaxReverseBytes

	refusing atomic.Pointer[[]string] // servers that refused the credentials; the owner sets it

	offered, watching atomic.Pointer[credentials.Offering] // of OfferTLS, and of the files in force; nil: none. The owner sets them

	trials chan struct{} // has one for each dial that tries credentials
	beside chan struct{} // has one for each address that is tried beside another one of its name

	resolver *dialing.Resolver
	parent   *Pool // beside which this one was made; nil: none

	open  func(ctx context.Context, addr string, id uint64) (*connection, error)                            // dial, but for tests
	limit func(ctx context.Context, limit time.Duration) (limited context.Context, stop context.CancelFunc) // dialing.Begin, but for tests
}

// table is the published sessions by server address. It is immutable.
type table map[string]*connection

// mail is one message in the owner's mailbox, with the session that it is about; or credentials
// that are offered, or were tried; or the result of a check.
type mail struct {
	poolcore.Message
	session *connection
	offer   *offer // with no message, as check
	check   *check
	adopt   bool // the credentials of the parent are to come into force; with no message
}

// mailbox is how many messages may wait for the owner.
const mailbox = 64

// New makes a Pool, which dials nothing until it is asked to. It reads the files
// of cfg.TLS. A bad cfg is a *ConfigError, a bad cfg.TLS a *TLSConfigError. Stop
// must be called to release it.
func New(cfg Config) (*Pool, error) { return newPool(cfg, poolhooks.Hooks{}) }

func newPool(cfg Config, hooks poolhooks.Hooks) (*Pool, error) {
	queue := cmp.Or(hooks.Queue, logqueue.New())
	log := queue.Logger(cfg.Logger)
	resolves := cfg.Dial == nil
	if cfg.Resolver = containedResolver(cfg.Resolver, log); !resolves {
		cfg.Dial = containedDial(cfg.Dial, log)
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p := &Pool{cfg: cfg, hooks: hooks, queue: queue, log: log, origin: time.Now(), muxing: mux.NewYamuxConfig(cfg.DialTimeout)}
	p.resolver = new(dialing.Resolver)
	if resolves {
		p.resolver.Net = dialing.NewLookup(cfg.Resolver)
	}
	creds, err := cfg.TLS.load()
	if err != nil {
		return nil, err
	}
	p.creds.Store(creds)
	p.caution(nil, creds)
	p.open, p.limit = p.dial, dialing.Begin
	p.start()
	return p, nil
}

// start starts the owner.
func (p *Pool) start() {
	p.table.Store(&table{})
	p.refusing.Store(new([]string))
	if p.parent == nil {
		p.own()
	} else {
		p.share()
	}
	p.actor = actor.Spawn(mailbox, func(self actor.Self[*mail]) actor.Behavior[*mail] {
		return newOwner(p, self)
	})
}

// own makes what a pool has that was not made beside another one.
func (p *Pool) own() {
	p.usual, p.patient = &usual{floor: p.cfg.SilenceLimit}, &usual{floor: p.cfg.SilenceLimit}
	p.times = new(latency.Table)
	p.trials, p.beside = make(chan struct{}, maxTrials), make(chan struct{}, maxBeside)
	p.budget = mux.NewBudget(int64(p.cfg.MaxReverseBytes))
	p.sessions = p.sessionConfig(sessionErrors{}, new(session.ReplyRoom))
}

// share takes from the parent what both use.
func (p *Pool) share() {
	of := p.parent
	p.usual, p.patient, p.resolver = of.usual, of.patient, of.resolver
	p.times, p.offset = of.times, p.origin.Sub(of.origin)
	p.trials, p.beside, p.budget = of.trials, of.beside, of.budget
	p.sessions = p.sessionConfig(sessionErrors{whole: true}, of.sessions.Replies)
}

// Stop ends every session, fails the calls in flight, and waits until no
// goroutine of the pool is left or ctx ends (ctx.Err). It also waits until what was logged is
// written, but not for a writer that blocks.
func (p *Pool) Stop(ctx context.Context) error {
	ctx = p.guarded(ctx)
	err := p.actor.Stop(ctx)
	if p.hooks.Queue == nil {
		p.queue.Flush(ctx)
	}
	return err
}

// guarded is a context of the agent's whose methods may panic.
func (p *Pool) guarded(ctx context.Context) context.Context { return contain.Context(ctx, p.log) }

// Done is closed when the pool's owner has ended: after Stop, or for a fault of its
// own. Err is the reason. Sessions may still be ending; Stop waits for them.
func (p *Pool) Done() <-chan struct{} { return p.actor.Done() }

// Err is nil while the pool runs, then ErrStopped after Stop, or the fault that ended
// it, a *actor.PanicError.
func (p *Pool) Err() error { return p.actor.Err() }

// ended is why the pool ends, or has ended: Stop ends its goroutines before the owner.
func (p *Pool) ended() error { return cmp.Or(p.actor.Err(), ErrStopped) }

// reaching counts the dials under way that have a connection, by address. The map is
// replaced, never changed.
type reaching struct {
	by atomic.Pointer[map[string]int]
}

func (r *reaching) has(addr string) bool {
	by := r.by.Load()
	return by != nil && (*by)[addr] > 0
}

// add counts n more.
func (r *reaching) add(addr string, n int) {
	for {
		old := r.by.Load()
		next := make(map[string]int)
		if old != nil {
			maps.Copy(next, *old)
		}
		if next[addr] += n; next[addr] <= 0 {
			delete(next, addr)
		}
		if r.by.CompareAndSwap(old, &next) {
			return
		}
	}
}

// Stats counts what a Pool did since it was made, and what it holds now.
type Stats struct {
	Sessions      int    // sessions now
	CallsInFlight int    // calls and streams now, on the sessions that take new ones
	IdleStreams   int    // streams kept for the next calls, on those sessions
	Calls         uint64 // calls begun
	Failures      uint64 // calls that failed, for whatever reason
	Moved         uint64 // calls that ended because they are to be made elsewhere (Request.Moved)
	Dials         uint64 // dials begun
	DialFailures  uint64 // dials that failed, or took longer than DialTimeout
	Streams       uint64 // streams opened
	Accepted      uint64 // streams that servers opened
	Refused       uint64 // of those, the ones that were too many
	Pings         uint64 // pings to servers that were silent
	Asks          uint64 // calls of Status.Ping to servers that left other calls unanswered; also among Calls
	TLSOffers     int    // credentials on offer that no server has taken yet, see OfferedTLS
	BytesIn       uint64 // on the transport
	BytesOut      uint64

	ReverseCalls   uint64 // calls that servers made, also of unknown methods
	ReverseStreams uint64 // streaming calls of servers, also of unknown methods
	RefusedBytes   uint64 // calls of servers, and answers to them, that were refused for want of MaxReverseBytes
	Overrun        uint64 // streams of servers that were cut, because what came in on them was not read and MaxReverseBytes had no room for it
	ReverseBytes   int64  // of MaxReverseBytes in use now

	RefusedReplies    uint64 // replies that were given up for want of MaxPendingReplyBytes
	PendingReplyBytes int64  // of MaxPendingReplyBytes in use now

	// Panics counts those of the agent's own code that were contained where it was called: of
	// Config.Dial and its connections, Codec and Handlers, of a Logger's writer and hooks, and of
	// errors. The first with its text from each line of code is logged, with up to 8 KiB of
	// its stack, and no more than 32 are. LostLines counts the log lines that were dropped
	// because their writer did not keep up. A proxy's own pool counts those of the proxy too.
	Panics, LostLines uint64

	// LostEvents counts what was not told to a proxy's Observers because they did not keep up.
	LostEvents uint64
}

// counts are the counters that Stats reads.
type counts struct {
	session.Counters
	sessions                     atomic.Int64
	calls, failures, moved, asks atomic.Uint64
	dials, dialFailures          atomic.Uint64
}

// Stats reads the counters. They are read one by one: calls that run meanwhile
// may show in one and not yet in another.
func (p *Pool) Stats() Stats {
	st := Stats{
		Sessions:     int(p.counts.sessions.Load()),
		Calls:        p.counts.calls.Load(),
		Failures:     p.counts.failures.Load(),
		Dials:        p.counts.dials.Load(),
		DialFailures: p.counts.dialFailures.Load(),
		Streams:      p.counts.Streams.Load(),
		Accepted:     p.counts.Accepted.Load(),
		Refused:      p.counts.Refused.Load(),
		Pings:        p.counts.Pings.Load(),
		Asks:         p.counts.asks.Load(),
		BytesIn:      p.counts.BytesIn.Load(),
		BytesOut:     p.counts.BytesOut.Load(),
		Moved:        p.counts.moved.Load(),

		ReverseCalls:   p.counts.ReverseCalls.Load(),
		ReverseStreams: p.counts.ReverseStreams.Load(),
		RefusedBytes:   p.counts.RefusedBytes.Load(),
		Overrun:        p.counts.Overrun.Load(),
		ReverseBytes:   p.budget.Used(),

		RefusedReplies:    p.counts.RefusedReplies.Load(),
		PendingReplyBytes: p.sessions.PendingReplyBytes(),
		Panics:            p.queue.Panics(), LostLines: p.queue.Dropped(),
	}
	for _, o := range [...]*credentials.Offering{p.offered.Load(), p.watching.Load()} {
		if pending, _ := o.Pending(); pending {
			st.TLSOffers++
		}
	}
	for _, s := range *p.table.Load() {
		st.CallsInFlight += int(s.InFlight())
		st.IdleStreams += s.IdleStreams()
	}
	return st
}
