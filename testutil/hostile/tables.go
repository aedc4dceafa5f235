package main

import (
	"fmt"
	"regexp"
)

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
