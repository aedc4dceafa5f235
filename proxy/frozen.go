package proxy

import (
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/messages"
)

// frozenError is an error in a message to the owner. Its texts are values: whatever the
// methods of the error do that it was made of, the owner does not call them.
type frozenError struct {
	text     string
	brief    string // next to the address of the server
	recorded string // for a Decision
	reason   MoveReason
}

func (e *frozenError) Error() string { return shownLine(e.text, maxFrozen) }

// maxFrozen bounds each text of a frozenError, in bytes.
const maxFrozen = 1 << 10

// freeze makes a frozenError of err, in the goroutine that sends it; nil of nil.
func freeze(log *logqueue.Logger, err error) error {
	if _, is := err.(*frozenError); is || err == nil { //nolint:errorlint // the very value
		return err
	}
	p, harmless := contain.Tame(err)
	log.Panicked("an error's methods", p)
	text := harmless.Error()
	f := &frozenError{text: shownLine(text, maxFrozen), recorded: shownLine(text, maxText)}
	f.brief, f.reason = f.text, MoveFailed
	// It looks for errors of package pool, which may have others in them.
	_ = contain.Call(func() {
		f.brief = shownLine(failureText(harmless), maxFrozen)
		f.reason = failureReason(harmless)
	})
	return f
}

// frozen is m with its error frozen. It reports false if m is no message of package
// messages.
func frozen(log *logqueue.Logger, m messages.Message) (messages.Message, bool) {
	switch m := m.(type) {
	case messages.FailureNotice:
		m.Err = freeze(log, m.Err)
		return m, true
	case messages.ProbeDone:
		m.Err = freeze(log, m.Err)
		return m, true
	case messages.DiscoveryDone:
		m.Err = freeze(log, m.Err)
		return m, true
	case messages.HeartbeatUpdate, messages.Recovered, messages.Reconnected, messages.Suspected, messages.RebalanceTick,
		messages.SetServers, messages.SetBackups, messages.AddBackup, messages.AddPrimary, messages.RemoveServer:
		return m, true
	}
	return nil, false
}
