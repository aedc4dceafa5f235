package proxy

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

// stateFile keeps the servers that work in Config.StateFile. It belongs to the owner, which
// never waits for the file: a goroutine writes the newest list.
type stateFile struct {
	lists chan []string // has room for one; closed when the owner ends; nil: nothing is kept
	epoch uint64        // of the view that was looked at last
	last  []string      // the last list sent
}

func newStateFile(cfg *Config, self actor.Self[messages.Message]) stateFile {
	if cfg.StateFile == "" {
		return stateFile{}
	}
	s := stateFile{lists: make(chan []string, 1)}
	self.Go(func(context.Context) { writeLists(cfg, s.lists) }) // it ends with the owner, but not before the last list is written
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
	s.last = addrs
	select {
	case <-s.lists: // an older list that was not written yet
	default:
	}
	s.lists <- addrs // only the owner sends: there is room
}

// writeRetry is the time after which a list that could not be written is written again.
const writeRetry = time.Minute

// writeLists writes each list until the channel is closed. The first failure of a list is
// logged as a warning, its retries at debug level.
func writeLists(cfg *Config, lists <-chan []string) {
	retry := time.NewTimer(writeRetry)
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
		if writeList(cfg, list, level) {
			retry.Stop()
			continue
		}
		level = zerolog.DebugLevel
		retry.Reset(writeRetry)
	}
}

// writeList writes one list, logs a failure at the given level and reports whether it
// succeeded.
func writeList(cfg *Config, addrs []string, level zerolog.Level) bool {
	log := cfg.Logger
	if err := lastgood.Save(cfg.StateFile, addrs); err != nil {
		log.WithLevel(level).Str("file", printable.Text(cfg.StateFile)).Err(contain.Error(err)).Msg("the servers that work could not be saved: the next start cannot fall back on them")
		return false
	}
	log.Debug().Str("file", printable.Text(cfg.StateFile)).Int("servers", len(addrs)).Msg("the servers that work are saved")
	return true
}

// loadState reads the servers saved before this start. A file that cannot be read, and an
// address that is none, are logged and otherwise ignored.
func loadState(cfg *Config) []messages.Server {
	if cfg.StateFile == "" {
		return nil
	}
	log := cfg.Logger
	addrs, err := lastgood.Load(cfg.StateFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		log.Warn().Str("file", printable.Text(cfg.StateFile)).Err(contain.Error(err)).Msg("the servers that worked before the last start are not known")
		return nil
	}
	servers := make([]messages.Server, 0, len(addrs))
	for _, addr := range addrs {
		if s, err := messages.ParseServer(addr); err == nil {
			servers = append(servers, s)
		} else {
			log.Warn().Str("file", printable.Text(cfg.StateFile)).Err(contain.Error(err)).Msg("a remembered server is left out")
		}
	}
	return servers
}
