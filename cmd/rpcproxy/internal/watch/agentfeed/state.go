package agentfeed

import (
	"encoding/json"
	"errors"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/proxy"
)

// maxObjects bounds the objects of a state: each takes far more memory than its bytes. An
// agent has 256 decisions of 25 actions, 256 sessions and, at most, some thousands of servers.
const maxObjects = 50_000

var errNoState = errors.New("it answers with something else than the state of an agent")

// decodeState reads what is in an event.
func decodeState(text []byte) (watch.Reported, error) {
	var state struct {
		Snapshot  *proxy.Snapshot  `json:"snapshot"`
		Decisions []proxy.Decision `json:"decisions"`
	}
	if err := decode(text, &state); err != nil {
		return watch.Reported{}, err
	}
	if state.Snapshot == nil || !whole(state.Snapshot) {
		return watch.Reported{}, errNoState
	}
	return watch.Reported{Snapshot: *state.Snapshot, Decisions: state.Decisions}, nil
}

// decodeSnapshot reads the answer of /snapshot.json.
func decodeSnapshot(text []byte) (watch.Reported, error) {
	var s proxy.Snapshot
	if err := decode(text, &s); err != nil {
		return watch.Reported{}, err
	}
	if !whole(&s) {
		return watch.Reported{}, errNoState
	}
	return watch.Reported{Snapshot: s}, nil
}

// whole reports whether a snapshot has what each has.
func whole(s *proxy.Snapshot) bool { return !s.At.IsZero() && s.Servers != nil }

func decode(text []byte, into any) error {
	if objects(text) > maxObjects {
		return errors.New("it answers with more than the state of an agent can be")
	}
	if json.Unmarshal(text, into) != nil {
		return errNoState
	}
	return nil
}

// objects counts the objects and arrays of a JSON text.
func objects(text []byte) (n int) {
	inside := false
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			inside = !inside
		case '\\':
			if inside {
				i++
			}
		case '{', '[':
			if !inside {
				n++
			}
		}
	}
	return n
}
