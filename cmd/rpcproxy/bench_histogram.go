package main

import (
	"math/bits"
	"time"
)

// histogram counts durations in buckets: one for each nanosecond up to 127, and then
// 64 for each power of two, so that a percentile is exact to 1/64. Its size does not
// grow with the number of durations.
type histogram struct {
	n        int64
	min, max time.Duration
	buckets  [58 * 64]uint32
}

// bucketOf is the index of the bucket of d, which is not negative.
func bucketOf(d time.Duration) int {
	shift := max(0, bits.Len64(uint64(d))-7)
	return shift*64 + int(d>>shift)
}

// bucketEnd is the longest duration of a bucket.
func bucketEnd(bucket int) time.Duration {
	shift := max(0, bucket/64-1)
	return time.Duration(bucket-shift*64+1)<<shift - 1
}

func (h *histogram) add(d time.Duration) {
	if h.n == 0 || d < h.min {
		h.min = d
	}
	h.max = max(h.max, d)
	h.n++
	h.buckets[bucketOf(d)]++
}

func (h *histogram) merge(other *histogram) {
	if other.n == 0 {
		return
	}
	if h.n == 0 || other.min < h.min {
		h.min = other.min
	}
	h.max = max(h.max, other.max)
	h.n += other.n
	for i, count := range other.buckets {
		h.buckets[i] += count
	}
}

// percentile is a duration that percent of the durations do not exceed.
func (h *histogram) percentile(percent int64) time.Duration {
	rank := (h.n*percent + 99) / 100 // of the duration, from 1 on
	for i, count := range h.buckets {
		if rank -= int64(count); rank <= 0 {
			return min(bucketEnd(i), h.max)
		}
	}
	return h.max
}

// figures are the minimum, the 50th, 90th and 99th percentile, and the maximum.
func (h *histogram) figures() [5]time.Duration {
	return [...]time.Duration{h.min, h.percentile(50), h.percentile(90), h.percentile(99), h.max}
}
