package main

import "time"

// kind is what is hostile.
type kind uint8

const (
	frames     kind = iota // the framing of a session, or what stands in its place
	replies                // the answers to calls and streams
	reverse                // the calls and streams that a server opens
	tlsKind                // the handshake and the certificates
	dnsKind                // the answers of a resolver
	consulKind             // the answers of Consul
	files                  // what lies at the path of a file
	heartbeats             // the replies to heartbeats
	kinds                  // how many there are
)

func (k kind) String() string {
	return [...]string{"frames", "replies", "reverse", "tls", "dns", "consul", "files", "heartbeats"}[k]
}

// scenario is one way to be hostile: what the attacker's process does, and what the
// agent in its own process does meanwhile.
type scenario struct {
	kind   kind
	name   string
	short  bool          // it is in the short run, too
	lasts  time.Duration // zero: a second. An attack that is done ends it sooner
	grants int64         // bytes that the documented limits let a server have the agent hold
	opens  bool          // it may have as many streams open as the documented limit says
	attack attack
	agent  starter // nil: that of its kind
}

// String is kind and name, by which a scenario is found and selected.
func (s *scenario) String() string { return s.kind.String() + "/" + s.name }

// bound is what an agent may use above what its process had before it started.
type bound struct {
	RSS        int64 `json:"rss_bytes"`
	Goroutines int   `json:"goroutines"`
	Files      int   `json:"files"`
}

// The bounds of each kind, without what a scenario grants. Where much is decoded there
// is more garbage between two collections.
var bounds = [kinds]bound{
	frames:     {64 * mebi, 600, 64},
	replies:    {96 * mebi, 600, 64},
	reverse:    {96 * mebi, 600, 64},
	tlsKind:    {64 * mebi, 600, 64},
	dnsKind:    {64 * mebi, 600, 64},
	consulKind: {64 * mebi, 600, 64},
	files:      {64 * mebi, 600, 64},
	heartbeats: {64 * mebi, 600, 64},
}

// streamsGranted is how many streams a server may have open (pool.Config.MaxReverseStreams),
// and streamCost what each may take besides a goroutine, its stack included.
const (
	streamsGranted = 1024
	streamCost     = 32 << 10
)

// bound is that of the kind, and what is granted. Memory is three times that: as it comes
// in, as it is decoded, and as much again of garbage that was not collected yet. A stream
// is a goroutine, and a second one while its session ends.
func (s *scenario) bound() bound {
	b := bounds[s.kind]
	b.RSS += 3 * s.grants
	if s.opens {
		b.Goroutines += 2 * streamsGranted
		b.RSS += streamsGranted * streamCost
	}
	return b
}

// duration is how long the agent is attacked, at most.
func (s *scenario) duration() time.Duration {
	if s.lasts == 0 {
		return time.Second
	}
	return s.lasts
}
