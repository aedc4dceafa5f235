package roster

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// discovery decides when discovery runs: one run at a time, and never two
// within the interval, but for a few at the start.
type discovery struct {
	interval  time.Duration
	run       uint64      // number of the last run
	earliest  moment.Time // when the next run may begin; a silent run is given up then
	notBefore moment.Time // when the next run may begin once this one is over
	first     moment.Time // when the first run began
	running   bool        // its result has not come
	reasons   reason      // what has happened that a run is wanted for, until one succeeds
	failed    bool        // the last run did
	wanted    bool        // by the last step
	reached   bool        // since the start a run has found a server, or one has answered
	served    bool        // since the start a server has answered
	hurried   uint8       // runs so far that a short pause followed
}

// reason is a set of events that servers are to be looked for after.
type reason uint8

const (
	unanswered reason = 1 << iota // a round found no server; until a server answers
	leaderless                    // a heartbeat named no leader; until one does
	denied                        // no server is left that may know a leader; until that is long ago, or a heartbeat names one
)

// ask adds a reason to look for servers; answered takes it away.
func (d *discovery) ask(r reason)      { d.reasons |= r }
func (d *discovery) answered(r reason) { d.reasons &^= r }

// What is asked for servers gets no more than so many first runs a second from a
// fleet, and later ones; no agent waits longer than longestWave for that.
const (
	runsEachSecond = 500
	longestWave    = 5 * time.Minute
)

// wave is the time over which the runs of a fleet come.
func wave(nodes int) time.Duration {
	return time.Duration(min(float64(nodes)/runsEachSecond*float64(time.Second), float64(longestWave)))
}

// want records whether discovery is wanted. When it becomes so, the first run is
// put off by up to a fifth of the interval, in a large fleet by up to a wave: whatever
// makes one agent look for servers makes others do so too. An agent without any server
// does not wait.
func (d *discovery) want(now moment.Time, wanted, bare bool, nodes int, rng *rand.Rand) {
	if wanted && !d.wanted && !bare && !d.running {
		at := now.Add(time.Duration(float64(max(d.interval/5, wave(nodes))) * rng.Float64()))
		if d.earliest.Before(at) {
			d.earliest = at
		}
	}
	d.wanted = wanted
}

// bootShare is the part of the time since the first run that a pause takes, longestWave at
// most, until a server has answered: only heartbeats tell how large the fleet is, and
// agents that started together find nothing together.
const bootShare = 8

// begin starts a run and returns its number. The pause after it is drawn now:
// the interval, in a large fleet a wave, in a long row of runs without an answer more, and
// up to a quarter more.
func (d *discovery) begin(now moment.Time, nodes int, rng *rand.Rand) uint64 {
	if d.run++; d.run == 1 {
		d.first = now
	}
	d.running = true
	pause := max(d.interval, wave(nodes))
	if !d.served {
		pause = max(pause, min(now.Sub(d.first)/bootShare, longestWave))
	}
	d.notBefore = now.Add(pause + time.Duration(float64(pause)/4*rng.Float64()))
	if d.earliest = now.Add(2 * d.interval); d.earliest.Before(d.notBefore) {
		d.earliest = d.notBefore
	}
	return d.run
}

// finish takes the result of a run; false if it is not the one under way.
func (d *discovery) finish(run uint64) bool {
	if !d.running || run != d.run {
		return false
	}
	d.running, d.earliest = false, d.notBefore
	return true
}

// bootPause is the pause after the first run that finds nothing: what is asked may come
// up a moment after the agent does. It doubles from run to run, bootRuns times, and each
// is up to a half longer by chance, for thousands of agents may start together. An
// agent that knows servers, of which none has answered yet, gets only the last of
// these pauses. Once it has found a server, or reached one, there are none.
const (
	bootPause = time.Second
	bootRuns  = 3
)

// hurry shortens the pause after a run that found nothing; bare reports whether no server is
// known.
func (d *discovery) hurry(now moment.Time, bare bool, rng *rand.Rand) {
	if !bare {
		d.hurried = max(d.hurried, bootRuns-1)
	}
	if d.reached || d.hurried >= bootRuns {
		return
	}
	pause := bootPause << d.hurried
	d.hurried++
	d.earliest = earlier(d.earliest, now.Add(pause+time.Duration(float64(pause)/2*rng.Float64())))
}

// level is that of a line about a failed run: of several in a row the first
// matters.
func (d *discovery) level() Level {
	if d.failed {
		return Debug
	}
	return Warn
}
