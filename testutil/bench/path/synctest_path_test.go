package path

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// ends is a path on a virtual clock.
func ends(cfg Config) (near, far net.Conn) {
	near, entry := net.Pipe()
	exit, far := net.Pipe()
	go newLine(cfg).carry(entry, exit)
	return near, far
}

func TestBytesTakeTheirTimeAndThatOfTheLine(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		size int
		want time.Duration
	}{
		{Config{OneWay: 10 * time.Millisecond, Room: 1 << 20}, 1, 10 * time.Millisecond},
		{Config{OneWay: 10 * time.Millisecond, Room: 64 << 20}, 16 << 20, 10 * time.Millisecond},
		{Config{OneWay: 10 * time.Millisecond, Rate: 1 << 20, Room: 64 << 20}, 4 << 20, 4010 * time.Millisecond},
		{Config{OneWay: 10 * time.Millisecond, Room: 1 << 20}, 4 << 20, 40 * time.Millisecond}, // what has room waits
	} {
		synctest.Test(t, func(t *testing.T) {
			near, far := ends(c.cfg)
			begin := time.Now()
			go func() { _, _ = near.Write(make([]byte, c.size)) }()
			if _, err := io.ReadFull(far, make([]byte, c.size)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin).Round(time.Microsecond); took != c.want {
				t.Errorf("%d bytes over %+v took %v, want %v", c.size, c.cfg, took, c.want)
			}
			near.Close()
			if _, err := far.Read(make([]byte, 1)); err == nil {
				t.Error("the other end is open")
			}
		})
	}
}

func TestAnEndThatTakesNoMoreEndsThePath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := ends(Config{OneWay: time.Second, Room: 1 << 10})
		far.Close()
		for {
			if _, err := near.Write(make([]byte, 4<<10)); err != nil {
				return
			}
		}
	})
}
