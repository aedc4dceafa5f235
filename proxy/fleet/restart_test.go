package fleet

import (
	"testing"
	"time"
)

// A server that is started while it is frozen or hangs is another process: its sessions have broken.
func TestAServerThatIsStartedAnewHasLostItsSessions(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*Fleet){
		"frozen": func(f *Fleet) { f.Freeze(0) },
		"hung":   func(f *Fleet) { f.Hang(0) },
	} {
		t.Run(name, func(t *testing.T) { startedAnew(t, fault) })
	}
}

func startedAnew(t *testing.T, fault func(*Fleet)) {
	t.Helper()
	f := New(Config{
		Agents: 20, Servers: 3, Seed: 1, Start: time.Second, Warm: 30 * time.Second, For: 20 * time.Second,
		Faults: []Fault{{time.Second, fault}, {time.Second + time.Millisecond, func(f *Fleet) { f.Begin(0) }}},
	})
	f.Advance(30*time.Second + 900*time.Millisecond)
	had := map[uint64]bool{}
	each := func(do func(key uint64)) {
		for i := range f.agents {
			for _, s := range f.agents[i].sessions {
				if s.server == 0 {
					do(uint64(i)<<32 | uint64(s.id))
				}
			}
		}
	}
	each(func(key uint64) { had[key] = true })
	if len(had) == 0 {
		t.Fatal("no agent has a session with it: the test shows nothing")
	}
	f.Advance(2 * time.Second)
	each(func(key uint64) {
		if had[key] {
			t.Errorf("session %d of agent %d is still there", uint32(key), key>>32)
		}
	})
}
