package accept

import (
	"math"
	"testing"
)

// Where an int has 32 bits, four replies of the largest size are more than one can say.
func TestTheLargestReplyHasRoomHoweverLargeItMayBe(t *testing.T) {
	for _, size := range []int{0, 1, 512 << 20, 1 << 30, math.MaxInt} {
		c := New(Config{MaxReplyBytes: size, MaxRequestBytes: size}).sessions
		if c.MaxReplyBytes <= 0 || c.MaxReplyBytes > mostMessage || c.MaxPendingReplyBytes < c.MaxReplyBytes {
			t.Errorf("%d: %d of %d bytes", size, c.MaxReplyBytes, c.MaxPendingReplyBytes)
		}
		if c.MaxRequestBytes <= 0 || c.MaxRequestBytes > mostMessage {
			t.Errorf("%d: %d bytes", size, c.MaxRequestBytes)
		}
	}
}
