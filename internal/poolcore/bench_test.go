package poolcore

import (
	"testing"
	"time"
)

// resting is a core with one session up that is in use.
func resting() (*Core, time.Time) {
	now := begin
	c := New(&Config{Idle: idleTime, Silence: time.Second, Ping: 2 * time.Second, Drain: drainTime, Dial: limit}, &testEnv{
		chance: half, usage: func(uint64) Usage { return Usage{Busy: true, Used: now, Heard: now} },
	})
	c.Step(now, Retain{Addr: addrA})
	c.Step(now, Connect{Addr: addrA})
	c.Step(now, Dialed{Addr: addrA, Session: 1})
	c.Take()
	return c, now
}

func BenchmarkAtRest(b *testing.B) {
	c, now := resting()
	for name, do := range map[string]func(){
		"deadline": func() { c.Deadline() },
		"expire":   func() { c.Expire(now); c.Take() },
		"look":     func() { now = now.Add(idleTime); c.Expire(now); c.Take() },
		"proven":   func() { c.Step(now, Proven{Addr: addrA}); c.Take() },
		"ttl":      func() { c.Step(now, HeartbeatTTL{TTL: time.Minute}); c.Take() },
		"connect":  func() { c.Step(now, Connect{Addr: addrA}); c.Take() },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				do()
			}
		})
	}
}

// A dial of a second server, and the end of its session.
func BenchmarkDial(b *testing.B) {
	c, now := resting()
	b.ReportAllocs()
	for id := uint64(2); b.Loop(); id++ {
		c.Step(now, Connect{Addr: addrB})
		c.Step(now, Dialed{Addr: addrB, Session: id})
		c.Step(now, Proven{Addr: addrB})
		c.Step(now, Disconnected{Addr: addrB, Session: id, Err: errNobody})
		c.Take()
	}
}
