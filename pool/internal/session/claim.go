package pool

// freeBytes is how much of a request may be read without a claim: small requests are
// served whatever the large ones hold. It is bounded by the number of streams.
const freeBytes = 4 << 10

// claim has the buffer of the stream's requests hold total bytes, or answers false
// where all of the pool's would hold more than Config.MaxReverseBytes.
func (v *server) claim(total int) bool {
	p := v.session.pool
	more := max(int64(total)-freeBytes, 0) - v.claimed
	if held := p.counts.reverseBytes.Add(more); more > 0 && held > int64(p.cfg.MaxReverseBytes) {
		p.counts.reverseBytes.Add(-more)
		return false
	}
	v.claimed += more
	return true
}
