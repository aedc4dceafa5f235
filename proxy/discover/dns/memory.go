package dns

import (
	"maps"
	"strings"
	"sync/atomic"
	"time"
)

// Bounds of what is remembered.
const (
	maxKept  = 512            // names; of more, the one answered longest ago is forgotten
	keptFor  = 24 * time.Hour // how long an answer is used in place of one that does not come
	goneMost = 2              // answers in a row that there is no such name, after which its addresses are forgotten
)

// memory has the last good answer to each question, for when resolvers fail. Any number of
// goroutines may use it. The zero value is ready.
type memory struct {
	answers atomic.Pointer[map[string]kept]
}

// kept is a good answer. It is immutable.
type kept struct {
	records any // of type []string or []*net.SRV
	at      time.Time
	gone    int // answers since, in a row, that there is none
}

// key is the place of a question.
func (s subject) key() string { return s.kind + " " + strings.ToLower(s.host) }

// find is the answer that is known to a question; false: none, or it is too old.
func (m *memory) find(s subject, now time.Time) (kept, bool) {
	if all := m.answers.Load(); all != nil {
		k, ok := (*all)[s.key()]
		return k, ok && now.Sub(k.at) <= keptFor
	}
	return kept{}, false
}

// learn remembers a good answer.
func (m *memory) learn(s subject, records any, now time.Time) {
	m.change(s, func(kept, bool) (kept, bool) { return kept{records: records, at: now}, true })
}

// lose counts an answer that there is no such name, or no such record.
func (m *memory) lose(s subject) {
	m.change(s, func(k kept, ok bool) (kept, bool) {
		k.gone++
		return k, ok && k.gone < goneMost
	})
}

// change replaces what is known of a question; false: nothing is.
func (m *memory) change(s subject, next func(kept, bool) (kept, bool)) {
	for {
		old := m.answers.Load()
		all := make(map[string]kept)
		if old != nil {
			maps.Copy(all, *old)
		}
		k, known := all[s.key()]
		now, keep := next(k, known)
		if !known && !keep {
			return
		}
		if delete(all, s.key()); keep {
			all[s.key()] = now
		}
		if len(all) > maxKept {
			forgetOldest(all)
		}
		if m.answers.CompareAndSwap(old, &all) {
			return
		}
	}
}

func forgetOldest(all map[string]kept) {
	var oldest string
	for key, k := range all {
		if oldest == "" || k.at.Before(all[oldest].at) {
			oldest = key
		}
	}
	delete(all, oldest)
}
