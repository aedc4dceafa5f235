package proxy

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

// Times of the state file: when a list that could not be written is written again, when a
// file system that does not answer is told of, and how long the end of a proxy waits for it.
const (
	writeRetry = time.Minute
	writeSlow  = 10 * time.Second
	writeLast  = 2 * time.Second
)

// stateWriter writes lists into the state file, one at a time. A write is made in a
// goroutine that nobody waits for without a limit: a file system may never answer, and then
// it is the only one that is left behind.
type stateWriter struct {
	path    string
	log     *logqueue.Logger
	list    []string
	level   zerolog.Level // of the next failure: the first of a list is a warning
	pending bool          // list is to be written
	writing chan error    // the result of the write under way; nil: there is none
	retry   *time.Timer
	slow    *time.Timer // runs while a write does
}

func newStateWriter(cfg *Config) *stateWriter {
	w := &stateWriter{
		path: cfg.StateFile, log: cfg.log,
		retry: time.NewTimer(writeRetry), slow: time.NewTimer(writeSlow),
	}
	w.retry.Stop()
	w.slow.Stop()
	return w
}

// run writes each list until the channel is closed, and then the last one.
func (w *stateWriter) run(lists <-chan []string) {
	defer w.retry.Stop()
	defer w.slow.Stop()
	for {
		w.write()
		select {
		case list, more := <-lists:
			if !more {
				w.end()
				return
			}
			w.list, w.level, w.pending = list, zerolog.WarnLevel, true
		case <-w.retry.C:
			w.pending = true
		case err := <-w.writing:
			w.wrote(err)
		case <-w.slow.C:
			w.log.Warn().Cut("file", w.path, maxStatePath).Msg("the file system does not answer: the servers that work are saved when it does")
		}
	}
}

// write begins to write the list, unless a write is under way.
func (w *stateWriter) write() {
	if !w.pending || w.writing != nil {
		return
	}
	w.pending = false
	w.retry.Stop()
	w.slow.Reset(writeSlow)
	done := make(chan error, 1)
	w.writing = done
	go func(path string, list []string) { done <- lastgood.Save(path, list) }(w.path, w.list)
}

// wrote takes the result of a write.
func (w *stateWriter) wrote(err error) {
	w.writing = nil
	w.slow.Stop()
	if err == nil {
		w.log.Debug().Cut("file", w.path, maxStatePath).Msg("the servers that work are saved")
		return
	}
	w.log.WithLevel(w.level).Cut("file", w.path, maxStatePath).Err(err).Msg("the servers that work could not be saved: the next start cannot fall back on them")
	if !w.pending { // what is pending is newer, and its first failure is a warning
		w.level = zerolog.DebugLevel
		w.retry.Reset(writeRetry)
	}
}

// end waits for the last list to be written.
func (w *stateWriter) end() {
	limit := time.NewTimer(writeLast)
	defer limit.Stop()
	for {
		w.write()
		if w.writing == nil {
			return
		}
		select {
		case err := <-w.writing:
			w.wrote(err)
		case <-limit.C:
			w.log.Warn().Cut("file", w.path, maxStatePath).Msg("the file system does not answer: the servers that work are not saved, and the next start cannot fall back on them")
			return
		}
	}
}
