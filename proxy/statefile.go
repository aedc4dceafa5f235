package proxy

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// stateFile keeps the servers that work in Config.StateFile. It belongs to the owner, which
// never waits for the file: a goroutine writes the newest list.
type stateFile struct {
	lists chan []string // has room for one; closed when the owner ends; nil: nothing is kept
	epoch uint64        // of the view that was looked at last
	last  []string      // the last list sent
	held  []string      // the same, or the list read at the start: what the file holds
}

func newStateFile(cfg *Config, self actor.Self[messages.Message]) stateFile {
	if cfg.StateFile == "" {
		return stateFile{}
	}
	s := stateFile{lists: make(chan []string, 1)}
	w := newStateWriter(cfg)
	self.Go(func(context.Context) { w.run(s.lists) }) // it ends with the owner, but not before the last list is written
	return s
}

// close has the goroutine write the list that it still has, and end.
func (s *stateFile) close() {
	if s.lists != nil {
		close(s.lists)
	}
}

// save writes the primaries of a view that a heartbeat with a leader has made, if one of
// them is alive and none is retained until such a one is.
func (s *stateFile) save(view *messages.View) {
	if s.lists == nil || view.Epoch() == s.epoch {
		return
	}
	s.epoch = view.Epoch()
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
	if !works || slices.Equal(addrs, s.last) {
		return
	}
	s.send(addrs)
}

// send has a list written, in place of one that was not written yet.
func (s *stateFile) send(addrs []string) {
	s.last, s.held = addrs, addrs
	select {
	case <-s.lists:
	default:
	}
	s.lists <- addrs // only the owner sends: there is room
}

// loadState reads the servers saved before this start. A file that cannot be read, and an
// address that is none, or that only the configuration may name, are logged and otherwise
// ignored.
func loadState(cfg *Config, configured []messages.Server) []messages.Server {
	if cfg.StateFile == "" {
		return nil
	}
	log, file := cfg.log, cfg.StateFile
	addrs, err := lastgood.Load(context.Background(), cfg.StateFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		log.Warn().Cut("file", file, maxStatePath).Err(err).Msg("the servers that worked before the last start are not known")
		return nil
	}
	named := func(s messages.Server) bool {
		return slices.ContainsFunc(configured, func(c messages.Server) bool { return c.Key() == s.Key() })
	}
	servers := make([]messages.Server, 0, len(addrs))
	for _, addr := range addrs {
		s, err := roster.ParseForeign(addr, named)
		if err != nil {
			log.Warn().Cut("file", file, maxStatePath).Err(err).Msg("a remembered server is left out")
			continue
		}
		servers = append(servers, s)
	}
	return servers
}

// maxStatePath bounds what the log has of the file's path, in bytes.
const maxStatePath = 512
