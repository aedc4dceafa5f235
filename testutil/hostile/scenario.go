package main

import (
	"fmt"
	"regexp"
	"time"
)

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

// attack starts what is hostile, in a process of its own, and tells where it is.
type attack func(*stage) (target, error)

// starter starts the agent that is attacked.
type starter func(target) (*agent, error)

// String is kind and name, by which a scenario is found and selected.
func (s *scenario) String() string { return s.kind.String() + "/" + s.name }

// bound is what an agent may use above what its process had before it started.
type bound struct {
	RSS        int64 `json:"rss_bytes"`
	Goroutines int   `json:"goroutines"`
	Files      int   `json:"files"`
}

const mebi = 1 << 20

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
// is a goroutine.
func (s *scenario) bound() bound {
	b := bounds[s.kind]
	b.RSS += 3 * s.grants
	if s.opens {
		b.Goroutines += streamsGranted
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

// all is every scenario, by kind.
func all() []*scenario {
	var list []*scenario
	for k, table := range [kinds][]scenario{
		frames: append(frameFloods(), frameScenarios()...), replies: append(replyScenarios(), streamScenarios()...), reverse: reverseScenarios(),
		tlsKind: append(tlsScenarios(), certificateScenarios()...), dnsKind: dnsScenarios(), consulKind: consulScenarios(), files: fileScenarios(), heartbeats: heartbeatScenarios(),
	} {
		for i := range table {
			s := &table[i]
			s.kind = kind(k)
			if s.agent == nil {
				s.agent = starters[k]
			}
			list = append(list, s)
		}
	}
	return list
}

// starters are the agents of the kinds.
var starters = [kinds]starter{
	frames: callers(calling{}), replies: callers(calling{}), reverse: callers(calling{}), tlsKind: secured, dnsKind: resolved, consulKind: registered, heartbeats: beats,
}

// find is the scenario of a name.
func find(name string) (*scenario, error) {
	for _, s := range all() {
		if s.String() == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("there is no scenario %q", name)
}

// choose is the scenarios that match, or those of the short run.
func choose(only string, short bool) ([]*scenario, error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("-only %q: %w", only, err)
	}
	var list []*scenario
	for _, s := range all() {
		if match.MatchString(s.String()) && (s.short || !short) {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("-only %q: no scenario has such a name", only)
	}
	return list, nil
}
