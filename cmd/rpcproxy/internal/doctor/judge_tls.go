package doctor

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"
)

// tls judges what a server showed that is trusted, and how long it will be.
func (j *judge) tls(row *Row, s *Seen) {
	if s.Proof == nil || !j.e.TLS {
		return
	}
	var ends []time.Time
	for _, c := range s.Proof.Certs {
		ends = append(ends, c.End)
		if left := c.End.Sub(j.o.At); left < j.e.Limits.Expiry {
			row.bad("tls", "renew it there", "its certificate %s expires in %s", c.Subject, days(left))
		}
	}
	if len(row.Findings) == 0 && len(ends) > 0 {
		row.good("tls", "ok (%s, %s)", days(slices.MinFunc(ends, time.Time.Compare).Sub(j.o.At)), version(s.Proof.Version))
	}
}

// untrusted says why a server and this side do not come together over TLS.
func (j *judge) untrusted(row *Row, s *Seen) {
	f := s.Ping
	own := Certificate{Issuer: "?", Subject: "?"}
	if s.Proof != nil && len(s.Proof.Certs) > 0 {
		own = s.Proof.Certs[0]
	}
	switch f.Kind {
	case TLSWanted:
		row.bad("tls", "set NOMAD_CACERT, NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY, or --ca, --cert and --key",
			"it speaks TLS only, as %s", strings.Join(f.Offered, ", "))
	case TLSNotSpoken:
		row.bad("tls", "leave --ca and NOMAD_CACERT out, or set tls.rpc there", "it speaks plain RPC, no TLS")
	case TLSWrongName:
		row.bad("tls", renaming(f), "certificate is for %s, not for %s", strings.Join(f.Offered, ", "), f.Wanted)
	case TLSUnknownCA:
		row.bad("tls", "add that authority to the file of --ca or NOMAD_CACERT, if you trust it",
			"certificate is signed by %q, which is none of the authorities trusted here", own.Issuer)
	case TLSExpired:
		j.expired(row, own)
	case TLSOursExpired:
		row.bad("tls", "renew the certificate of --cert or NOMAD_CLIENT_CERT, and compare the clocks", "it refuses the certificate of this side: %s", f.Text)
	case TLSWrongRole:
		row.bad("tls", "issue it one for servers (server.REGION.nomad)", "the certificate it shows is not one for servers")
	case TLSOursRefused:
		if !j.e.Shows {
			row.bad("tls", "give --cert and --key, or NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY", "it wants a certificate of this side, and there is none")
			break
		}
		row.bad("tls", fmt.Sprintf("show one for client.%s.nomad that is signed by the servers' CA", j.e.Region),
			"it does not take the certificate of this side, for %s", f.Shown)
	default:
		row.bad("tls", "compare the versions and cipher suites of both sides", "no TLS comes about: %s", f.Text)
	}
}

// expired says which way a server's certificate is not valid.
func (j *judge) expired(row *Row, c Certificate) {
	switch now := j.o.At; {
	case now.Before(c.Begin):
		row.bad("tls", "set the clocks of both machines by NTP, or wait", "its certificate %s is not valid yet, for %s", c.Subject, days(c.Begin.Sub(now)))
	case now.After(c.End):
		row.bad("tls", "renew it there", "its certificate %s expired %s ago", c.Subject, days(now.Sub(c.End)))
	default:
		row.bad("tls", "renew it there", "a certificate above that of %s is not valid now", c.Subject)
	}
}

// renaming is what to do about a certificate for another name.
func renaming(f Fault) string {
	for _, name := range f.Offered {
		region, server := strings.CutPrefix(name, "server.")
		region, nomad := strings.CutSuffix(region, ".nomad")
		if server && nomad && strings.HasPrefix(f.Wanted, "server.") {
			return "set NOMAD_REGION=" + region
		}
	}
	return "set NOMAD_TLS_SERVER_NAME to one of its names, or issue it a certificate for " + f.Wanted
}

// ours is the row of this side's certificates; any is whether there are some.
func (j *judge) ours() (row Row, any bool) {
	row = Row{Server: "here", Findings: []Finding{}}
	for _, c := range j.o.Ours {
		switch left := c.End.Sub(j.o.At); {
		case left < 0:
			row.bad("tls", "renew it", "the certificate %s of %s expired %s ago", c.Subject, c.Owner, days(-left))
		case j.o.At.Before(c.Begin):
			row.bad("tls", "set the clock of this machine by NTP, or wait", "the certificate %s of %s is not valid yet, for %s", c.Subject, c.Owner, days(c.Begin.Sub(j.o.At)))
		case left < j.e.Limits.Expiry:
			row.bad("tls", "renew it", "the certificate %s of %s expires in %s", c.Subject, c.Owner, days(left))
		default:
			row.good("tls", "%s %s", c.Owner, days(left))
		}
	}
	return row, len(j.o.Ours) > 0
}

// days is a time to an expiry.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Minute).String()
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// version is a version of TLS, short.
func version(v uint16) string { return strings.ReplaceAll(tls.VersionName(v), "TLS ", "TLS") }
