package stockagent

import (
	"context"
	"time"
)

// beat sends a heartbeat at once when the first query is pending, and from then on when
// the TTL of the last one is over, or after a pause if it failed.
func (a *Agent) beat(ctx context.Context, asked <-chan struct{}) {
	status := a.cfg.Status()
	if !a.wait(ctx, chance(a.cfg.FirstHeartbeat), asked) {
		return
	}
	for {
		next, done := a.heartbeat(ctx, status)
		if done {
			status = a.cfg.Status()
		}
		if !a.untilDue(ctx, next) {
			return
		}
	}
}

// untilDue waits for the time of the next heartbeat, and registers meanwhile if a test
// asks for it; that brings the heartbeat. It returns false if the agent ended.
func (a *Agent) untilDue(ctx context.Context, next time.Time) bool {
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	select {
	case <-timer.C:
	case done := <-a.again:
		err := a.register(ctx)
		done <- err
		return err == nil || a.untilDue(ctx, next)
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// heartbeat makes one attempt. It returns when to make the next one, and whether this one
// was answered well.
func (a *Agent) heartbeat(ctx context.Context, status string) (next time.Time, done bool) {
	now := Beat{Sent: time.Now()}
	a.do(func(s *state) {
		s.pace.bring(now.Sent)
		now.Due = s.pace.due
	})
	var reply nodeReply
	now.Err = a.call(ctx, own(methodStatus, a.forms.heartbeat(a.credential(), status)), &reply)
	now.Done, now.TTL = time.Now(), reply.HeartbeatTTL
	switch {
	case ctx.Err() != nil:
		return now.Done, false
	case now.Err == nil:
		a.learn(reply, func(s *state) { next = s.pace.succeeded(now.Done, now.TTL) })
	default:
		a.do(func(s *state) { next = s.pace.failed(now.Done, now.Err) })
	}
	if a.cfg.OnBeat != nil {
		a.cfg.OnBeat(now)
	}
	if now.Err != nil && unknownNode(now.Err) && a.registerUntilDone(ctx) {
		return time.Now(), false
	}
	return next, now.Err == nil
}

// Register has the node register again, once it has begun to send heartbeats, as an agent
// does whose attributes have changed, and a heartbeat follow. It blocks until that is done.
// The error is that of [Agent.Call].
func (a *Agent) Register(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case a.again <- done:
	case <-a.ctx.Done():
		return ErrStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-done:
		return err
	case <-a.ctx.Done():
		return ErrStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
