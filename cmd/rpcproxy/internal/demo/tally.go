package demo

import "time"

// tally counts the calls of the demo, step by step. One goroutine owns its state.
type tally struct {
	funcs chan func(*tallyState)
	quit  chan struct{}
	done  chan struct{}
}

// count is the calls that began in one step. Only the goroutine of the tally
// touches it until it is settled; from then on it does not change.
type count struct {
	name   string
	calls  int
	failed int           // of these
	worst  time.Duration // between two successful calls, over all callers
	causes []error       // of the first few that failed

	begun   chan struct{} // closed when a first call has begun
	open    int           // calls that have not ended
	closed  bool          // no further call begins in this step
	settled chan struct{} // closed when the last call has ended
}

// maxCauses is how many failed calls of a step are explained.
const maxCauses = 5

type tallyState struct {
	current *count    // of calls that begin; nil before and after the scenario
	gapOf   *count    // whose gap is measured: current, or the one before until it is settled
	last    time.Time // a call succeeded
}

func openTally() *tally {
	t := &tally{funcs: make(chan func(*tallyState)), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		s := &tallyState{last: time.Now()}
		for {
			select {
			case f := <-t.funcs:
				f(s)
			case <-t.quit:
				return
			}
		}
	}()
	return t
}

// close ends the goroutine. No other method may be running, or be called later.
func (t *tally) close() {
	close(t.quit)
	<-t.done
}

// do runs f on the goroutine of the tally and waits for it.
func (t *tally) do(f func(*tallyState)) {
	ran := make(chan struct{})
	t.funcs <- func(s *tallyState) { f(s); close(ran) }
	<-ran
}

// next begins the count of a step and closes the one before, which settles when
// its last call has ended. An empty name only closes.
func (t *tally) next(name string) (c *count) {
	if name != "" {
		c = &count{name: name, begun: make(chan struct{}), settled: make(chan struct{})}
	}
	t.do(func(s *tallyState) {
		before := s.current
		s.current = c
		if s.gapOf == nil {
			s.gapOf = c
		}
		if before != nil {
			before.closed = true
			s.settle(before)
		}
	})
	return c
}

// begin counts a call in the current step.
func (t *tally) begin() (c *count) {
	t.do(func(s *tallyState) {
		c = s.current
		if c.calls++; c.calls == 1 {
			close(c.begun)
		}
		c.open++
	})
	return c
}

// end counts the result of a call in the step in which the call began.
func (t *tally) end(c *count, at time.Time, err error) {
	t.do(func(s *tallyState) {
		c.open--
		switch {
		case err == nil:
			s.measureGap(at)
			if at.After(s.last) {
				s.last = at
			}
		default:
			c.failed++
			if len(c.causes) < maxCauses {
				c.causes = append(c.causes, err)
			}
		}
		s.settle(c)
	})
}

// forget takes back a call that was counted when it began.
func (t *tally) forget(c *count) {
	t.do(func(s *tallyState) {
		c.open--
		c.calls--
		s.settle(c)
	})
}

func (s *tallyState) measureGap(until time.Time) {
	s.gapOf.worst = max(s.gapOf.worst, until.Sub(s.last))
}

// settle ends a count that is closed and has no open call. A gap that lasts on is
// measured up to now.
func (s *tallyState) settle(c *count) {
	if !c.closed || c.open > 0 {
		return
	}
	s.measureGap(time.Now())
	s.gapOf = s.current
	close(c.settled)
}

// read is the state of c.
func (t *tally) read(c *count) (calls, failed, open int) {
	t.do(func(*tallyState) { calls, failed, open = c.calls, c.failed, c.open })
	return calls, failed, open
}
