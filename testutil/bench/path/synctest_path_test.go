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

func TestAPathMayBecomeAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, entry := net.Pipe()
		exit, far := net.Pipe()
		p := New(Config{OneWay: time.Second, Room: 1 << 20})
		go p.Join(entry, exit)
		for _, want := range []time.Duration{time.Second, 3 * time.Second} {
			begin := time.Now()
			for _, c := range []struct{ from, to net.Conn }{{near, far}, {far, near}} {
				go func() { _, _ = c.from.Write(make([]byte, 1<<10)) }()
				if _, err := io.ReadFull(c.to, make([]byte, 1<<10)); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(begin); took != 2*want {
				t.Errorf("there and back took %v, want %v", took, 2*want)
			}
			p.Become(Config{OneWay: 2 * time.Second, Rate: 1 << 10})
		}
		near.Close()
		far.Close()
	})
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
