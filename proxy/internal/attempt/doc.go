// Package attempt decides what one call does next: which server it is sent to, how long
// that attempt may take, whether and how soon it is sent again, and when it is given up.
//
// A [Call] is the state of one call. Its owner asks what to do, does it, and reports
// how it went:
//
//	c := attempt.Call{Config: cfg}
//	for {
//		switch do := c.Next(&attempt.Env{Now: now, View: view, Draw: draw, Tokens: tokens}); do.Do {
//		case attempt.Try:   // send it to do.Server, for do.Limit; then c.Answered, c.Moved or c.Failed
//		case attempt.Pause: // for do.For, or less if c.Resumes reports so of a newer view
//		case attempt.Await: // until there is another view, for do.For
//		case attempt.GiveUp:   // do.Reason
//		}
//	}
//
// It has no clock, no goroutine and no chance of its own: the same configuration, views,
// times, failures and draws give the same decisions. So one Call stands behind each call
// of a program, and a million of them under a simulated clock.
//
// # Files
//
//	call.go     the state, and when counting begins anew
//	next.go     the order of the decisions
//	failure.go  how an attempt may fail, and what that means
//	pick.go     which server is next
//	contact.go  servers without a session, dialed at the same time
//	pause.go    how long to wait before that
//	fleet.go    what of it follows from the size of the fleet
//	slice.go    how long an attempt may take
//	past.go     what failures leave
//	harm.go     how many servers one call may take down
//
//	keepalive.go, settings.go  what an agent's pool is told
//	tokens_left.go             how often an agent's calls are sent again
package attempt
