package proxy

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// recorded is how many decisions are kept.
const recorded = 256

// recorder keeps the owner's last decisions. The owner writes, anybody reads,
// also when the owner has ended.
type recorder struct {
	slots [recorded]atomic.Pointer[Decision]
	n     uint64 // decisions so far; the owner's
}

// add keeps d in place of the oldest decision.
func (r *recorder) add(d *Decision) {
	r.n++
	d.Seq = r.n
	r.slots[(r.n-1)%recorded].Store(d)
}

// all is what is kept, oldest first. What is added meanwhile may be missing, and
// what it replaces.
func (r *recorder) all() []Decision {
	list := make([]Decision, 0, recorded)
	for i := range r.slots {
		if d := r.slots[i].Load(); d != nil {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(a, b Decision) int { return int(int64(a.Seq - b.Seq)) })
	return list
}

// record keeps what the owner has just decided, before it is done: who is answered
// finds the record of it. A step that decides nothing, as an
// unchanged heartbeat, leaves no trace: the record is of changes, and must reach
// far back.
func (o *owner) record(at time.Time, effects []roster.Effect) {
	var shows roster.Publish
	why := "the start" // the first effect of all publishes
	if now := o.proxy.now.Load(); now != nil {
		why = ""
		shows = roster.Publish{View: now.view, ActiveReason: now.why}
	}
	var did []string
	for _, e := range effects {
		if e, ok := e.(roster.Publish); ok {
			shows = e
		}
		if text := decided(e); text != "" {
			did = append(did, text)
		}
	}
	if did == nil {
		return
	}
	if why == "" {
		why = cause(o.took)
	}
	active, _ := shows.View.Active()
	o.proxy.record.add(&Decision{
		At: at, Cause: why, Did: did,
		Epoch: shows.View.Epoch(), Active: active.Addr, Why: shows.ActiveReason,
	})
}
