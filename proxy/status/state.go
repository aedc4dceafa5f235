package status

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

// State is the snapshot of a Proxy and the decisions that led to it, oldest first.
type State struct {
	Snapshot  proxy.Snapshot   `json:"snapshot"`
	Decisions []proxy.Decision `json:"decisions"`
}

// How often streams look whether something has changed, and after how long they send in any case.
const (
	lookEvery = 250 * time.Millisecond
	sendEvery = 2 * time.Second
)

// look is what was seen at one time, as JSON. It is shared by the streams and never changed.
type look struct {
	at        time.Time // when it was seen
	encoded   time.Time // when it was encoded: it may have been seen again since
	number    uint64    // grows with each one that was encoded
	mark      mark
	snapshot  []byte
	decisions []*decision // oldest first
}

// decision is one of them, as JSON.
type decision struct {
	seq   uint64
	times int
	last  time.Time
	body  []byte
}

// look is what is to be seen now, or was a moment ago: all streams share what one of them has
// read. What has not changed is not encoded again.
func (h *Handler) look() *look {
	last, now := h.looked.Load(), time.Now()
	if last != nil && now.Sub(last.at) < lookEvery/2 {
		return last
	}
	snapshot, explained := h.source.Snapshot(), h.source.Explain()
	next := &look{at: now, encoded: now, mark: markOf(&snapshot), decisions: encodeDecisions(last, explained.Decisions)}
	if last != nil {
		next.number = last.number + 1
		if next.mark == last.mark && sameDecisions(last.decisions, next.decisions) && now.Sub(last.encoded) < sendEvery {
			next.number, next.encoded, next.snapshot = last.number, last.encoded, last.snapshot
		}
	}
	if next.snapshot == nil {
		next.snapshot = encode(withoutTokens(snapshot))
	}
	if !h.looked.CompareAndSwap(last, next) {
		if other := h.looked.Load(); other != nil {
			return other
		}
	}
	return next
}

// encodeDecisions encodes those that the last look has not.
func encodeDecisions(last *look, all []proxy.Decision) []*decision {
	var known []*decision
	if last != nil {
		known = last.decisions
	}
	list := make([]*decision, 0, len(all))
	for i := range all {
		d := &all[i]
		for len(known) > 0 && known[0].seq < d.Seq {
			known = known[1:]
		}
		if len(known) > 0 && known[0].seq == d.Seq && known[0].times == d.Times && known[0].last.Equal(d.Last) {
			list = append(list, known[0])
			continue
		}
		list = append(list, &decision{seq: d.Seq, times: d.Times, last: d.Last, body: encode(withoutTokens(*d))})
	}
	return list
}

func sameDecisions(a, b []*decision) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// since are the decisions that are new or changed since a look; all, since nil.
func (l *look) since(last *look) []*decision {
	if last == nil {
		return l.decisions
	}
	var list []*decision
	known := last.decisions
	for _, d := range l.decisions {
		for len(known) > 0 && known[0].seq < d.seq {
			known = known[1:]
		}
		if len(known) == 0 || known[0] != d {
			list = append(list, d)
		}
	}
	return list
}

// write writes a State.
func (l *look) write(w *patient, decisions []*decision) {
	var b bytes.Buffer
	b.WriteString(`{"snapshot":`)
	b.Write(l.snapshot)
	b.WriteString(`,"decisions":[`)
	for i, d := range decisions {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(d.body)
		if b.Len() > piece {
			_, _ = w.Write(b.Bytes())
			b.Reset()
		}
	}
	b.WriteString("]}")
	_, _ = w.Write(b.Bytes())
}

// encode is v as JSON on one line.
func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil { // no value here fails
		body, _ = json.Marshal(struct {
			Error string `json:"error"`
		}{err.Error()})
	}
	return body
}

const kindJSON = "application/json"

func (h *Handler) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	answer(w, r, http.StatusOK, kindJSON, append(encode(withoutTokens(h.source.Snapshot())), '\n'))
}

func (h *Handler) serveState(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", kindJSON)
	if r.Method == http.MethodHead {
		return
	}
	snapshot := h.source.Snapshot()
	l := &look{snapshot: encode(withoutTokens(snapshot)), decisions: encodeDecisions(h.looked.Load(), h.source.Explain().Decisions)}
	out := newPatient(w)
	l.write(out, l.decisions)
	_, _ = out.Write([]byte{'\n'})
}
