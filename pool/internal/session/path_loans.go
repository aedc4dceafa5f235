package session

import (
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// A window is no memory: what comes in is put into a buffer that was claimed from ReplyRoom, or
// dropped. Yet all that is allowed may come at once, and what was allowed cannot be taken back, but
// only not be allowed again. So there is a budget of what all streams are allowed above the 256 KiB
// with which yamux begins. The replies that come in together have what the path needs once. The rest is
// for streams that wait, and for replies that stall: these do not count for the share of others. Where
// it is used up a window does not grow, and 256 KiB each stream always has.

// budget is so many times what the path needs, up to as many of the largest windows, in bytes.
func (p *pathMeter) budget(times int64) int64 {
	return times * min(max(p.need.Load(), needLeast), windowMost)
}

const (
	// restTimes is how many times what the path needs is allowed to streams that wait for a call, or
	// for its answer. One that is opened is given half of what is left of it, and none is kept beyond it.
	restTimes = 2
	// mostTimes is the same with those whose replies come in, or stall amid them.
	mostTimes = needMost / windowMost
	// needLeast is what a path needs for that, in bytes, however little it does.
	needLeast = 4 << 20
)

// loan is what a stream is allowed above mux.WindowSize, in bytes; -1: the stream is over.
type loan struct{ atomic.Int64 }

// lend allows a stream up to more bytes, within most for all streams, and returns how many.
func (p *pathMeter) lend(to *loan, more, most int64) int64 {
	for all := p.beyond.Load(); ; all = p.beyond.Load() {
		if more = min(more, most-all); more <= 0 {
			return 0
		}
		if p.beyond.CompareAndSwap(all, all+more) {
			break
		}
	}
	if !to.add(more) {
		p.beyond.Add(-more)
		return 0
	}
	return more
}

// back takes back n bytes that a stream will not be allowed again.
func (p *pathMeter) back(from *loan, n int64) {
	if from.add(-n) {
		p.beyond.Add(-n)
	}
}

// over takes back everything that a stream is allowed. It may be called again.
func (p *pathMeter) over(from *loan) {
	if n := from.Swap(-1); n > 0 {
		p.beyond.Add(-n)
	}
}

// add reports false where the stream is over.
func (t *loan) add(n int64) bool {
	for now := t.Load(); now >= 0; now = t.Load() {
		if t.CompareAndSwap(now, now+n) {
			return true
		}
	}
	return false
}

// openWith is what a new stream is allowed above mux.WindowSize: of what is left for streams
// that wait half, so that there is some for the next ones.
func (p *pathMeter) openWith(to *loan) int64 {
	most := p.budget(restTimes)
	return p.lend(to, min(min(p.need.Load(), windowMost)-mux.WindowSize, (most-p.beyond.Load())/2), most)
}

// tooMuch reports whether a stream should not be kept for further calls, since what it is allowed is
// more than those that wait may have.
func (p *pathMeter) tooMuch(t *loan) bool {
	return t.Load() > 0 && p.beyond.Load() > p.budget(restTimes)
}
