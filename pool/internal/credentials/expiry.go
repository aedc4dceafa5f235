package credentials

import (
	"crypto/x509"
	"fmt"
	"time"
)

// A notice comes when a fifth of a certificate's life is left, or a week if that is less.
const (
	soonPart = 5
	soonMost = 7 * 24 * time.Hour
)

// Notice is what is to be said about a certificate that is not valid now, or will not be soon.
type Notice struct {
	Err  *ConfigError // which one, why, and since or until when
	cert *x509.Certificate
}

// Repeats reports whether n says what before did.
func (n Notice) Repeats(before Notice) bool {
	return n.cert.Equal(before.cert) && n.Err.Field == before.Err.Field && n.Err.Problem == before.Err.Problem
}

// Until is when the certificate becomes valid, or does not stay so.
func (n Notice) Until() time.Time {
	if n.Err.Problem == NotYetValid {
		return n.cert.NotBefore
	}
	return n.cert.NotAfter
}

// Notices is what is to be said now, and when to look again; zero: never. Of the authorities
// one that is valid is enough, since bundles keep old ones for a while.
func (c *Credentials) Notices(now time.Time) (all []Notice, next time.Time) {
	if c == nil {
		return nil, time.Time{}
	}
	for _, cert := range c.chain {
		if p := problem(cert, now); p != "" {
			all = append(all, c.notice("Cert", cert, p, now))
			break // the first is that of this side
		}
	}
	if worst, p := c.worstRoot(now); p != "" {
		all = append(all, c.notice("CA", worst, p, now))
	}
	for _, certs := range [...][]*x509.Certificate{c.chain, c.roots} {
		for _, cert := range certs {
			for _, at := range [...]time.Time{cert.NotBefore, soon(cert), cert.NotAfter.Add(time.Second)} {
				if at.After(now) && (next.IsZero() || at.Before(next)) {
					next = at
				}
			}
		}
	}
	return all, next
}

// worstRoot is the authority that is not valid, if none is, or else the one that expires
// first, if that is soon.
func (c *Credentials) worstRoot(now time.Time) (worst *x509.Certificate, p Problem) {
	for _, root := range c.roots {
		switch q := problem(root, now); {
		case q == "" || q == ExpiresSoon:
			if worst == nil || p == Expired || p == NotYetValid || root.NotAfter.Before(worst.NotAfter) {
				worst, p = root, q
			}
		case worst == nil:
			worst, p = root, q
		}
	}
	return worst, p
}

// problem is what is to be said of a certificate's time; empty: nothing.
func problem(c *x509.Certificate, now time.Time) Problem {
	switch {
	case now.Before(c.NotBefore):
		return NotYetValid
	case now.After(c.NotAfter):
		return Expired
	case !now.Before(soon(c)):
		return ExpiresSoon
	}
	return ""
}

// soon is when a certificate's end is near.
func soon(c *x509.Certificate) time.Time {
	return c.NotAfter.Add(-min(c.NotAfter.Sub(c.NotBefore)/soonPart, soonMost))
}

// notice names the certificate, its file and its time.
func (c *Credentials) notice(of string, cert *x509.Certificate, p Problem, now time.Time) Notice {
	field, file := of+"PEM", "PEM"
	if path := map[string]string{"CA": c.from.CAFile, "Cert": c.from.CertFile}[of]; path != "" {
		field, file = of+"File", path
	}
	err := fmt.Errorf("%s: %s", names(cert), when(cert, p, now))
	if of == "CA" {
		err = fmt.Errorf("%s: %s", cert.Subject, when(cert, p, now))
	}
	return Notice{cert: cert, Err: &ConfigError{Field: field, File: file, Problem: p, Err: err}}
}

// when is the date of a problem, and how far away that is.
func when(c *x509.Certificate, p Problem, now time.Time) string {
	switch p {
	case NotYetValid:
		return fmt.Sprintf("not before %s, in %v", c.NotBefore.Format(time.RFC3339), roughly(c.NotBefore.Sub(now)))
	case Expired:
		return fmt.Sprintf("since %s, for %v", c.NotAfter.Format(time.RFC3339), roughly(now.Sub(c.NotAfter)))
	default:
		return fmt.Sprintf("until %s, for %v more", c.NotAfter.Format(time.RFC3339), roughly(c.NotAfter.Sub(now)))
	}
}

// roughly is a duration for people.
func roughly(d time.Duration) time.Duration {
	if d < time.Hour {
		return d.Round(time.Second)
	}
	return d.Round(time.Minute)
}
