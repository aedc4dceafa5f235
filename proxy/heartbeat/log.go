package heartbeat

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// episode is the lines that were logged since calls began to fail, so that each line is logged once.
type episode struct {
	missed  bool      // heartbeats are missed
	refused bool      // registrations fail
	since   time.Time // when the first of its calls failed
	tries   int       // calls that failed since then
	dropped bool      // events are dropped
}

// span adds a duration with its unit.
func span(line *zerolog.Event, name string, d time.Duration) *zerolog.Event {
	return line.Stringer(name, d.Round(time.Millisecond))
}

// logReply logs a good reply: a registration, and the end of an episode.
func (l *loop) logReply(k kind, r Reply) {
	log, s := &l.h.cfg.Logger, &l.episode
	line, text := log.Debug(), "heartbeat answered"
	switch {
	case k == register:
		line, text = log.Info(), "node registered"
	case s.missed:
		line, text = log.Info(), "heartbeats are answered again"
	}
	line = span(line.Stringer("server", r.Server), "ttl", r.TTL)
	if s.missed || s.refused {
		line = span(line.Int("failed_calls", s.tries), "after", time.Since(s.since))
	}
	if r.Late > 0 {
		line = span(line, "late", r.Late)
	}
	line.Msg(text)
	dropped := s.dropped
	*s = episode{dropped: dropped}
}

// logFailure logs a call that failed: as a warning the first registration of an episode,
// and why a node registers again.
func (l *loop) logFailure(k kind, reason failure, r result) {
	s := &l.episode
	if s.tries == 0 {
		s.since = l.core.began
	}
	s.tries++
	log := &l.h.cfg.Logger
	line, text := log.Debug(), "heartbeat failed"
	at, _ := l.core.next()
	switch {
	case k == register && !s.refused:
		s.refused = true
		line, text = log.Warn(), "registration failed: it is tried again until a server takes it"
	case k == register:
		text = "registration failed"
	case reason == unknown && l.core.relapses == 1:
		line, text = log.Info(), "the cluster does not know the node: it registers again"
	case reason == denied && l.core.relapses == 1:
		line, text = log.Info(), "heartbeat denied: the node registers again"
	}
	span(line, "next_in", max(at.Sub(r.at), 0)).Err(contain.Error(r.err)).Msg(text)
}

// logMissed logs a missed TTL, once an episode.
func (l *loop) logMissed(m Missed) {
	if l.episode.missed {
		return
	}
	l.episode.missed = true
	if l.episode.since.IsZero() {
		l.episode.since = m.Deadline
	}
	line := span(span(l.h.cfg.Logger.Warn(), "ttl", m.TTL), "margin", m.Margin)
	line.AnErr("error", contain.Error(m.Err)).Msg("heartbeat missed its TTL: the cluster may take the node for lost")
}

// logDropped logs, once, that a callback is too slow.
func (l *loop) logDropped() {
	if l.episode.dropped {
		return
	}
	l.episode.dropped = true
	l.h.cfg.Logger.Warn().Int("waiting", eventsMost).
		Msg("a heartbeat callback does not return: the oldest events are dropped")
}
