package pool

import (
	"cmp"
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

// Pool carries calls to servers over one session each. All methods may be used
// by any number of goroutines.
type Pool struct {
	cfg     Config
	hooks   poolhooks.Hooks
	origin  time.Time // of all times kept as nanoseconds
	actor   *actor.Actor[mail]
	table   atomic.Pointer[table]
	creds   atomic.Pointer[credentials] // of new sessions; nil: plain TCP. The owner sets it
	reached atomic.Pointer[string]      // the server that answered last; the owner sets it
	counts  counts
	usual   usual // how long slow methods take
	patient usual // for how long calls of others waited while their server was seen to serve

	reaching reaching // dials under way whose connection was accepted

	muxing *yamux.Config // of every session

	refusing atomic.Pointer[[]string] // servers that refused the credentials; the owner sets it

	offered, watching atomic.Pointer[offering] // of OfferTLS, and of the files in force; nil: none. The owner sets them

	trials chan struct{} // has one for each dial that tries credentials

	resolver dialing.Resolver

	open  func(ctx context.Context, addr string, id uint64) (*session, error)                               // dial, but for tests
	limit func(ctx context.Context, limit time.Duration) (limited context.Context, stop context.CancelFunc) // dialing.Begin, but for tests
}

// table is the published sessions by server address. It is never changed.
type table map[string]*session

// mail is one message in the owner's mailbox. A message about a new session
// brings the session along, one about credentials these.
type mail struct {
	core.Message
	session *session
	offer   *offer // of core.Secured; with no message: to be tried
}

// mailbox is how many messages may wait for the owner.
const mailbox = 256

// New makes a Pool, which dials nothing until it is asked to. It reads the files
// of cfg.TLS. A bad cfg is a *ConfigError, a bad cfg.TLS a *TLSConfigError. Stop
// must be called to release it.
func New(cfg Config) (*Pool, error) { return newPool(cfg, poolhooks.Hooks{}) }

func newPool(cfg Config, hooks poolhooks.Hooks) (*Pool, error) {
	resolves := cfg.Dial == nil
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p := &Pool{cfg: cfg, hooks: hooks, origin: time.Now(), muxing: muxConfig(cfg.DialTimeout)}
	if resolves {
		p.resolver.Net = cmp.Or(cfg.Resolver, net.DefaultResolver)
	}
	creds, err := cfg.TLS.load(p.origin)
	if err != nil {
		return nil, err
	}
	p.creds.Store(creds)
	p.caution(nil, creds)
	p.open, p.limit = p.dial, dialing.Begin
	p.start()
	return p, nil
}

// start makes the owner.
func (p *Pool) start() {
	p.usual.floor, p.patient.floor = p.cfg.SilenceLimit, p.cfg.SilenceLimit
	p.table.Store(&table{})
	p.refusing.Store(new([]string))
	p.trials = make(chan struct{}, maxTrials)
	p.actor = actor.Spawn(mailbox, func(self actor.Self[mail]) actor.Behavior[mail] {
		return newOwner(p, self)
	})
}

// Stop ends every session, fails the calls in flight, and waits until no
// goroutine of the pool is left or ctx ends (ctx.Err).
func (p *Pool) Stop(ctx context.Context) error { return p.actor.Stop(ctx) }

// Done is closed when the pool's owner has ended: after Stop, or for a fault of its
// own. Err says which. Sessions may still be ending; Stop waits for them.
func (p *Pool) Done() <-chan struct{} { return p.actor.Done() }

// Err is nil while the pool runs, then ErrStopped after Stop, or the fault that ended
// it, a *actor.PanicError.
func (p *Pool) Err() error { return p.actor.Err() }

// find answers a session to addr with the caller counted in: it must leave it.
// A session numbered except is of no use. Without one it asks the owner to dial,
// and waits for that within ctx.
func (p *Pool) find(ctx context.Context, addr string, except uint64) (*session, error) {
	return p.seek(ctx, addr, except, false)
}

// seek is find for a call, or for one that only probes, which lets calls go before.
func (p *Pool) seek(ctx context.Context, addr string, except uint64, probe bool) (*session, error) {
	err := errShortLived
	for range sessionsTried {
		if s := (*p.table.Load())[addr]; s != nil && s.id != except && s.enter() {
			if !s.over() && !s.leaving() {
				return s, nil
			}
			s.leave()
			except, err = s.id, s.cause()
		}
		if err := p.await(ctx, core.Connect{Addr: addr, Except: except, Probe: probe}); err != nil {
			return nil, err
		}
	}
	return nil, err
}

// await asks the owner for a session and waits within ctx until it is up.
func (p *Pool) await(ctx context.Context, wanted core.Connect) error {
	dialed, asked := actor.Ask(ctx, p.actor.Ref, func(r actor.Reply[error]) mail {
		wanted.Reply = r
		return mail{Message: wanted}
	})
	if asked != nil {
		// A full mailbox loses it: then a dial is made for nobody.
		_ = p.actor.TryTell(mail{Message: core.Withdraw{Addr: wanted.Addr, Reply: wanted.Reply}})
		return asked
	}
	return dialed
}

// elsewhere reports whether what was not sent on a session may be sent on another one to
// the same server: it takes nothing any more, or there is another one already.
func (p *Pool) elsewhere(s *session) bool {
	if s.over() || s.leaving() {
		return true
	}
	now := (*p.table.Load())[s.addr]
	return now != nil && now != s
}
