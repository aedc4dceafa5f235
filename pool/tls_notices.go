package pool

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/logqueue"

	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
)

// noticeAgain is after how long the same is said again of a certificate.
const noticeAgain = 24 * time.Hour

// notices are what was said of certificates that are not valid, or will not be soon.
type notices struct {
	said []notice
	next time.Time // when to look again; zero: never
}

type notice struct {
	credentials.Notice
	at time.Time
}

// give says what there is to say of the credentials in force, and has not been said of late.
func (n *notices) give(now time.Time, inForce *credentials.Credentials, log *logqueue.Logger) {
	all, next := inForce.Notices(now)
	before := n.said
	if n.said = nil; !next.IsZero() { // a date, and the clock may be set: it is looked at again within a day
		next = now.Add(min(next.Sub(now), noticeAgain))
	}
	n.next = next
	for _, of := range all {
		said, again := notice{of, now}, false
		for _, b := range before {
			if of.Repeats(b.Notice) && now.Sub(b.at) < noticeAgain {
				said.at, again = b.at, true
			}
		}
		if !again {
			log.Warn().Err(of.Err).Str("until", of.Until().Format(time.RFC3339)).Msg("a TLS certificate is not valid at this time, or will not be soon")
		}
		if look := said.at.Add(noticeAgain); n.next.IsZero() || look.Before(n.next) {
			n.next = look
		}
		n.said = append(n.said, said)
	}
}
