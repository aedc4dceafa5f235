package status

import (
	"fmt"
	"net/http"
	"time"
)

// why is the data of the last event.
type why struct {
	Of  string `json:"of"`
	Why string `json:"why"`
}

// serveEvents sends events until the client leaves or is too slow, the server shuts down, or the
// Proxy has ended.
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request, ending *ending) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy in between is not to collect them
	if r.Method == http.MethodHead {
		return
	}
	h.limited(w, h.streams, func() {
		defer h.forget()
		out := newPatient(w)
		if out.extend() != nil {
			refuse(w, http.StatusNotImplemented, "the server cannot limit how long a write takes: its ResponseWriter needs SetWriteDeadline, or Unwrap (http.ResponseController)")
			return
		}
		_, _ = out.Write([]byte("retry: 1000\n\n"))
		h.send(r, out, ending.closed())
	})
}

// send sends events.
func (h *Handler) send(r *http.Request, out *patient, closed <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var sent *look
	for {
		now := h.look()
		if sent == nil || now.number != sent.number {
			now.event(out, sent)
			sent = now
		}
		if out.flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-closed:
			end(out, why{"server", "the HTTP server shuts down"})
			return
		case <-h.done:
			if now := h.look(); now.number != sent.number {
				now.event(out, sent)
			}
			end(out, why{"proxy", h.ended()})
			return
		}
	}
}

// event writes what has changed since a look.
func (l *look) event(out *patient, last *look) {
	id := uint64(0)
	if n := len(l.decisions); n > 0 {
		id = l.decisions[n-1].seq
	}
	_, _ = fmt.Fprintf(out, "event: state\nid: %d\ndata: ", id)
	l.write(out, l.since(last))
	_, _ = out.Write([]byte("\n\n"))
}

// end writes the last event.
func end(out *patient, w why) {
	_, _ = fmt.Fprintf(out, "event: end\ndata: %s\n\n", encode(w))
	_ = out.flush() // the client may have left
}

// forget drops what the last stream has seen.
func (h *Handler) forget() {
	if len(h.streams) == 1 {
		h.looked.Store(nil)
	}
}
