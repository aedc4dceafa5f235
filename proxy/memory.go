package proxy

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

// memory keeps the servers that work in Config.StateFile. It belongs to the owner,
// who never waits for the file: a goroutine writes, and what it is given last
// counts.
type memory struct {
	lists chan []string // has room for one; closed by the owner's end; nil: nothing is kept
	epoch uint64        // of the view that was looked at last
	last  []string      // what was handed over last
}

func newMemory(p *Proxy, self actor.Self[messages.Message]) memory {
	if p.cfg.StateFile == "" {
		return memory{}
	}
	m := memory{lists: make(chan []string, 1)}
	self.Go(func(context.Context) { p.save(m.lists) }) // it ends with the owner, and not before it has written all
	return m
}

// end lets the goroutine write what it was given, and end.
func (m *memory) end() {
	if m.lists != nil {
		close(m.lists)
	}
}

// keep hands over the primaries of a view that a heartbeat with a leader has made,
// if one of them is known to work and none is kept for want of such a one.
func (m *memory) keep(view *messages.View) {
	if m.lists == nil || view.Epoch() == m.epoch {
		return
	}
	m.epoch = view.Epoch()
	var addrs []string
	works := false
	for r := range view.Ranking() {
		if r.Retained {
			return
		}
		if r.Role == messages.Primary {
			addrs = append(addrs, r.Server.Addr)
			works = works || r.Health == messages.Alive
		}
	}
	slices.Sort(addrs)
	if !works || slices.Equal(addrs, m.last) {
		return
	}
	m.last = addrs
	select {
	case <-m.lists: // an older list that was not written yet
	default:
	}
	m.lists <- addrs // the owner alone sends: there is room
}

// saveAgain is after which time a list that could not be written is tried again.
const saveAgain = time.Minute

// save writes the lists it is given until there are no more. One that could not
// be written it tries again, without another word.
func (p *Proxy) save(lists <-chan []string) {
	retry := time.NewTimer(saveAgain)
	defer retry.Stop()
	retry.Stop()
	var list []string
	level := zerolog.WarnLevel
	for {
		select {
		case next, more := <-lists:
			if !more {
				return
			}
			list, level = next, zerolog.WarnLevel
		case <-retry.C:
		}
		if p.saveOne(list, level) {
			retry.Stop()
			continue
		}
		level = zerolog.DebugLevel
		retry.Reset(saveAgain)
	}
}

// saveOne tells of a failure at the given level.
func (p *Proxy) saveOne(addrs []string, level zerolog.Level) bool {
	log := p.cfg.Logger
	if err := lastgood.Save(p.cfg.StateFile, addrs); err != nil {
		log.WithLevel(level).Str("file", p.cfg.StateFile).Err(err).Msg("the servers that work could not be saved: the next start cannot fall back on them")
		return false
	}
	log.Debug().Str("file", p.cfg.StateFile).Int("servers", len(addrs)).Msg("the servers that work are saved")
	return true
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
