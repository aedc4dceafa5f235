package proxy

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

// memory keeps the servers that work in Config.StateFile. It belongs to the owner,
// who never waits for the file: a goroutine writes, and what it is given last
// counts.
type memory struct {
	lists chan []string // has room for one; nil: nothing is kept
	epoch uint64        // of the view that was looked at last
	last  []string      // what was handed over last
}

func newMemory(p *Proxy, self actor.Self[messages.Proxy]) memory {
	if p.cfg.StateFile == "" {
		return memory{}
	}
	m := memory{lists: make(chan []string, 1)}
	self.Go(func(ctx context.Context) { p.save(ctx, m.lists) })
	return m
}

// keep hands over the primaries of a view that a heartbeat with a leader has made.
// Those that nobody has seen to work yet are not kept.
func (m *memory) keep(view *messages.View) {
	if m.lists == nil || view.Epoch() == m.epoch {
		return
	}
	m.epoch = view.Epoch()
	var addrs []string
	for r := range view.Ranking() {
		if r.Held {
			return
		}
		if r.Role == messages.Primary {
			addrs = append(addrs, r.Server.Addr)
		}
	}
	slices.Sort(addrs)
	if slices.Equal(addrs, m.last) {
		return
	}
	m.last = addrs
	select {
	case <-m.lists: // an older list that was not written yet
	default:
	}
	m.lists <- addrs // the owner alone sends: there is room
}

// save writes the lists until ctx ends, and then what is left.
func (p *Proxy) save(ctx context.Context, lists <-chan []string) {
	for {
		select {
		case addrs := <-lists:
			p.saveOne(addrs)
		case <-ctx.Done():
			select {
			case addrs := <-lists:
				p.saveOne(addrs)
			default:
			}
			return
		}
	}
}

func (p *Proxy) saveOne(addrs []string) {
	log := p.cfg.Logger
	if err := lastgood.Save(p.cfg.StateFile, addrs); err != nil {
		log.Warn().Str("file", p.cfg.StateFile).Err(err).Msg("the servers that work could not be saved: the next start cannot fall back on them")
		return
	}
	log.Debug().Str("file", p.cfg.StateFile).Int("servers", len(addrs)).Msg("the servers that work are saved")
}

// remembered reads what was kept before the last start. Whatever is wrong with it
// is reported and otherwise ignored.
func (p *Proxy) remembered() []messages.Server {
	if p.cfg.StateFile == "" {
		return nil
	}
	log := p.cfg.Logger
	addrs, err := lastgood.Load(p.cfg.StateFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		log.Warn().Str("file", p.cfg.StateFile).Err(err).Msg("the servers that worked before the last start are not known")
		return nil
	}
	servers := make([]messages.Server, 0, len(addrs))
	for _, addr := range addrs {
		if s, err := messages.ParseServer(addr); err == nil {
			servers = append(servers, s)
		} else {
			log.Warn().Str("file", p.cfg.StateFile).Err(err).Msg("a remembered server is left out")
		}
	}
	return servers
}
