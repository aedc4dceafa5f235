package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-nomad/rpcproxy/testutil"
)

// role is which server a conversation is with.
type role int

const (
	withLeader role = iota
	withFollower
)

// recordable are the conversations that need nothing but a healthy cluster.
var recordable = []struct {
	name string
	with role
}{
	{"ping", withLeader},
	{"bad_mode_byte", withLeader},
	{"unknown_method", withLeader},
	{"register_heartbeat", withLeader},
	{"refused_arguments", withLeader},
	{"follower_errors", withFollower},
	{"event_stream", withLeader},
	{"streaming_open", withLeader},
	{"keepalive", withLeader},
}

// excluded has for the others what they need.
var excluded = map[string]string{
	"cluster_starting":    "a cluster that starts",
	"leader_interrupted":  "a leader that is interrupted",
	"leader_killed":       "a leader that is killed",
	"leadership_transfer": "a transfer of the leadership",
	"no_leader":           "two of three servers killed",
	"real_client_agent":   "an agent of Nomad's own",
	"reverse_calls":       "requests to the HTTP API that reach the node",
}

// choose returns the transcripts to play again, all if names is empty. The error
// quotes a name that cannot be recorded and has the reason.
func choose(names string) (chosen []conversation, err error) {
	wanted := strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
	for _, name := range wanted {
		if need, ok := excluded[name]; ok {
			return nil, fmt.Errorf("%q needs %s: it cannot be recorded by calls alone", name, need)
		}
	}
	for _, r := range recordable {
		at := slices.Index(wanted, r.name)
		if len(names) > 0 && at < 0 {
			continue
		}
		if at >= 0 {
			wanted = slices.Delete(wanted, at, at+1)
		}
		golden, err := testutil.LoadGolden(r.name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, conversation{golden: golden, with: r.with})
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("there is no recording %q: there are %s", wanted[0], strings.Join(testutil.GoldenNames(), ", "))
	}
	return chosen, nil
}

// conversation is a recording to be made anew.
type conversation struct {
	golden *testutil.Transcript
	with   role
}
