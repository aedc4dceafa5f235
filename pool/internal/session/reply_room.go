package session

import "sync/atomic"

// ReplyRoom counts what the buffers of all replies hold together that come in on the
// sessions of a Config, from their first bytes until they are read into the callers' values. The zero
// value is ready. Any goroutine may use it.
//
// A reply for which there is no room ends its call, and gives back what it holds. One of
// them has the room for the largest reply to itself, from when it first claims some: so
// there is always one that comes through, however many come in, and then another.
type ReplyRoom struct {
	used   atomic.Int64               // bytes claimed
	senior atomic.Pointer[callStream] // the one with room of its own; nil: the next that claims is
}

// claim counts total bytes for the buffer of l. It reports false where there is no room. Only
// the reading goroutine calls it; it must look afterwards whether the caller has left.
func (r *ReplyRoom) claim(l *callStream, total int) bool {
	cfg := l.session.cfg
	more := int64(total) - freeReply - l.claimed.Load()
	if more <= 0 {
		return true
	}
	senior := r.senior.Load()
	if senior == nil && r.senior.CompareAndSwap(nil, l) {
		senior = l
	}
	for used := r.used.Load(); ; used = r.used.Load() {
		if senior != l && used+more > int64(cfg.MaxPendingReplyBytes-cfg.MaxReplyBytes) {
			return false
		}
		if r.used.CompareAndSwap(used, used+more) {
			l.claimed.Add(more)
			return true
		}
	}
}

// PendingReplyBytes is how much of MaxPendingReplyBytes is in use.
func (c *Config) PendingReplyBytes() int64 { return c.Replies.used.Load() }

// release gives back what was claimed for l. Any goroutine may call it, and several may.
func (r *ReplyRoom) release(l *callStream) {
	if l.claimed.Load() == 0 {
		return
	}
	r.senior.CompareAndSwap(l, nil)
	r.used.Add(-l.claimed.Swap(0))
}

// makeRoom makes room for more behind what has come of the reply: memory grows with the
// bytes that came, not with what they announce. It reports false if there is none, or if
// the caller has left: then the reply is over.
func (l *callStream) makeRoom() bool {
	if cap(l.got)-len(l.got) >= 256 {
		return true
	}
	s := l.session
	total := max(4096, min(2*cap(l.got), s.cfg.MaxReplyBytes+512), len(l.got)+256)
	if total <= freeReply {
		l.got = append(make([]byte, 0, total), l.got...)
		return true
	}
	spare := takeLarge(total)
	if spare != nil && !s.cfg.Replies.claim(l, cap(spare.b)) {
		putLarge(spare.b)
		spare = nil
	}
	if spare == nil && !s.cfg.Replies.claim(l, total) {
		s.cfg.Counters.RefusedReplies.Add(1)
		l.settle(s.cfg.Errors.Room(s.cfg.MaxPendingReplyBytes, len(l.got)))
		return false
	}
	if l.state.Load() == stateAbandoned {
		l.drop() // the caller may have given the claim back before it was made
		return false
	}
	before := l.got
	if spare != nil {
		l.got = spare.b
	} else {
		l.got = make([]byte, 0, total)
	}
	l.got = append(l.got, before...)
	if cap(before) <= freeReply {
		l.buf.small = before[:0]
	}
	putLarge(before)
	return true
}

// drop drops what has come of a reply whose caller has left amid it.
func (l *callStream) drop() {
	l.got = nil
	l.session.cfg.Replies.release(l)
}
