package doctor

import (
	"crypto/x509"
	"time"
)

// Observation is what was seen of all servers. It holds no text of this package's: what came
// from outside is as it came.
type Observation struct {
	At         time.Time
	Servers    []Seen
	Advertised map[string]Fault // the addresses that servers are said to have, and were not given, as they answer from here
	Ours       []Certificate    // those of this side, and of the authorities it trusts
}

// Seen is what was seen of one server. What is nil or empty was not looked at, since
// something before it failed.
type Seen struct {
	Server  string // host:port, as given
	Literal bool   // its host is an IP address
	Lookup  Fault
	Routes  []Route       // the addresses of its name, in order
	Door    *Door         // nil: no address took a connection
	Proof   *TLS          // what it showed; nil: nothing
	Ping    Fault         // of the whole session: TLS, yamux and Status.Ping
	RTT     time.Duration // the best of some; 0: none was answered
	Answers *Answers
	Clock   *Clock // nil: not known
}

// Route is one address of a server's name.
type Route struct {
	Addr  string // host:port
	Fault Fault
	Took  time.Duration
}

// Door is what became of the first bytes on a connection.
type Door struct {
	Yamux  bool // a ping of yamux was answered
	Silent bool // nothing came in time
	Closed bool // the server hung up before it sent anything
	Full   bool // it hangs up also if nothing is sent to it
}

// TLS is what a server showed in a handshake.
type TLS struct {
	Version uint16 // 0: not known
	Certs   []Certificate
}

// Certificate is what matters of one.
type Certificate struct {
	Owner      string // "this side", "an authority"; empty: the server's
	Subject    string
	Issuer     string
	Names      []string
	Begin, End time.Time
}

// Answers are those of one server about its cluster.
type Answers struct {
	Leader      string // empty: it knows none
	LeaderFault Fault
	Peers       []string
	PeersFault  Fault

	Name, Region string // of the server, by itself
	Members      []Member
	MembersFault Fault
}

// Member is a server, as another one knows it by gossip.
type Member struct {
	Name, Region, Status, Build string
	Advertises                  string // host:port
}

// self is the server's own entry in what it says of the members. A member's name is the
// server's, a dot and the region.
func (a *Answers) self() (Member, bool) {
	for _, m := range a.Members {
		if m.Name == a.Name || m.Name == a.Name+"."+a.Region {
			return m, true
		}
	}
	return Member{}, false
}

// Clock is how far a server's clock is ahead of that of this machine, at least and at most.
type Clock struct{ AtLeast, AtMost time.Duration }

// Kind is the sort of a Fault.
type Kind uint8

// The kinds, in the order of the layers.
const (
	None Kind = iota // it works

	NoSuchName
	LookupFailed
	LookupLate

	Refused
	ConnectLate
	ConnectFailed

	WrongPort     // another protocol is spoken there
	LimitReached  // it hangs up before anything is sent
	HungUp        // it hangs up at the first bytes
	Frozen        // it is connected and silent
	HandshakeElse // of the session, none of those below

	TLSWanted
	TLSNotSpoken
	TLSWrongName
	TLSUnknownCA
	TLSExpired
	TLSOursExpired
	TLSWrongRole
	TLSOursRefused
	TLSOther

	NotYamux
	PingSilent
	PingFailed

	NoRegionPath
	Denied
	CallFailed
)

// Fault is why something failed. The zero value is that it did not.
type Fault struct {
	Kind    Kind
	Text    string   // the cause, in words of a library or a peer
	Speaks  string   // what is spoken at a wrong port; empty: unknown
	Wanted  string   // the name that a certificate should have
	Offered []string // the names it has
	Shown   string   // the certificate of this side that was refused; empty: there is none
}

// certificate takes what matters from a certificate.
func certificate(c *x509.Certificate, owner string) Certificate {
	return Certificate{
		Owner: owner, Subject: c.Subject.CommonName, Issuer: c.Issuer.CommonName,
		Names: c.DNSNames, Begin: c.NotBefore, End: c.NotAfter,
	}
}
