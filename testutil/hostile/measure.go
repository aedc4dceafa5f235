package main

import (
	"runtime"
	"time"
)

const mebi = 1 << 20

// figures is what a process uses.
type figures struct {
	RSS        int64         `json:"rss_bytes"`  // resident memory, at most
	Goroutines int           `json:"goroutines"` // at most
	Files      int           `json:"files"`      // descriptors, at most
	CPU        time.Duration `json:"cpu_ns"`     // used so far
}

// gauge follows what this process uses above what it used at the beginning.
type gauge struct {
	begin       figures
	quit, ended chan struct{}
	most        figures // belongs to the goroutine until it has ended
}

// ceiling is where a process is ended before it makes the machine swap, in bytes.
const ceiling = 1 << 30

// openGauge begins; swollen is called, once, if the memory reaches the ceiling.
func openGauge(swollen func()) *gauge {
	resetPeak()
	g := &gauge{
		begin: figures{RSS: peakMemory(), Goroutines: runtime.NumGoroutine(), Files: openFiles(), CPU: usedCPU()},
		quit:  make(chan struct{}), ended: make(chan struct{}),
	}
	go g.follow(swollen)
	return g
}

func (g *gauge) follow(swollen func()) {
	defer close(g.ended)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for n := 0; ; n++ {
		g.most.Goroutines = max(g.most.Goroutines, runtime.NumGoroutine())
		if n%4 == 0 {
			g.most.Files = max(g.most.Files, openFiles())
			if g.most.RSS = max(g.most.RSS, peakMemory()); g.most.RSS > ceiling {
				swollen()
			}
		}
		select {
		case <-look.C:
		case <-g.quit:
			return
		}
	}
}

// close returns the peaks, above the beginning.
func (g *gauge) close() figures {
	close(g.quit)
	<-g.ended
	return figures{
		RSS:        max(0, max(g.most.RSS, peakMemory())-g.begin.RSS),
		Goroutines: max(0, g.most.Goroutines-g.begin.Goroutines-1), // its own
		Files:      max(0, g.most.Files-g.begin.Files),
		CPU:        usedCPU() - g.begin.CPU,
	}
}
