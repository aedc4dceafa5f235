package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// maxText is how much of a text from outside is in a Decision, in bytes.
const maxText = 300

// messageText describes a message for a Decision, on one line, whatever is in it; nil is a
// deadline.
func messageText(m messages.Message) string { return shownLine(messageWords(m), maxLine) }

// messageWords is messageText, not printable yet where it is not the proxy's own.
func messageWords(m messages.Message) string {
	switch m := m.(type) {
	case nil:
		return "a deadline"
	case messages.HeartbeatUpdate:
		leader := "no leader"
		if m.LeaderRPCAddr != "" {
			leader = "leader " + cut(m.LeaderRPCAddr)
		}
		return fmt.Sprintf("heartbeat through %s: %d servers, %s, %d nodes", cut(cmp.Or(m.From.Addr, "the active server")), len(m.Servers), leader, m.NumNodes)
	case messages.FailureNotice:
		event := "failure of"
		if m.NoQuorum {
			event = "no leader at"
		}
		return fmt.Sprintf("%s %s, seen in epoch %d%s", event, cut(m.Server.Addr), m.Epoch, causeText(m.Err))
	case messages.Recovered:
		return fmt.Sprintf("an answer of %s, seen in epoch %d", cut(m.Server.Addr), m.Epoch)
	case messages.Reconnected:
		return fmt.Sprintf("the address of %s leads to a server that knows a leader", cut(m.Server.Addr))
	case messages.Suspected:
		return "silence of " + cut(m.Addr)
	case messages.RebalanceTick:
		return "a round was asked for"
	case messages.SetServers:
		return fmt.Sprintf("servers set by hand: %d", len(m.Addrs))
	case messages.SetBackups:
		return fmt.Sprintf("backups set: %d", len(m.Addrs))
	case messages.AddBackup:
		return fmt.Sprintf("backups added: %d", len(m.Addrs))
	case messages.AddPrimary:
		return "primary added: " + cut(m.Addr)
	case messages.RemoveServer:
		return "removed: " + cut(m.Server.Addr)
	case messages.ProbeDone:
		if m.Err == nil {
			return fmt.Sprintf("probe of %s answered in %v", cut(m.Server.Addr), m.RTT)
		}
		return fmt.Sprintf("probe of %s failed%s", cut(m.Server.Addr), causeText(m.Err))
	case messages.DiscoveryDone:
		return fmt.Sprintf("discovery run %d found %d addresses%s", m.Run, len(m.Found), causeText(m.Err))
	}
	return fmt.Sprintf("%T", m)
}

// logText describes a log line for a Decision.
func logText(e roster.Log) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Level, e.Message)
	for _, f := range logFields(e) {
		fmt.Fprintf(&b, " %s=%v", f.name, f.shown())
	}
	if all, ok := errors.AsType[*roster.FailuresError](e.Err); ok {
		b.WriteString(": " + cut(all.Text(failureText)))
	} else {
		b.WriteString(causeText(e.Err))
	}
	return b.String()
}

// causeText is err as the end of a sentence; empty if err is nil.
func causeText(err error) string {
	if err == nil {
		return ""
	}
	if frozen, ok := err.(*frozenError); ok { //nolint:errorlint // the very value
		return ": " + frozen.recorded
	}
	return ": " + contain.ErrorText(err, maxText)
}

// cut is a text that came from outside the proxy, printable and cut.
func cut(text string) string { return shownLine(text, maxText) }

// shownLine is a text for the log and for decisions, on one line of at most limit bytes and without
// credentials. UUIDs stay, unless the text calls them tokens: most are names of nodes and evaluations.
func shownLine(text string, limit int) string {
	return printable.WithoutCredentials(printable.Line(text, limit))
}

// logField is a field of a log line: a string or a number.
type logField struct {
	name  string
	value any
}

// shown is the value, printable.
func (f logField) shown() any {
	if text, ok := f.value.(string); ok {
		return cut(text)
	}
	return f.value
}

// logFields are those of a line that are not zero, in their order.
func logFields(e roster.Log) []logField {
	took := ""
	if e.Fields.Took != 0 {
		took = roundedText(e.Fields.Took)
	}
	return slices.DeleteFunc([]logField{
		{"server", e.Server.Addr},
		{"next", e.Next.Addr},
		{"source", string(e.Source)},
		{"round", e.Fields.Round},
		{"run", e.Fields.Run},
		{"servers", uint64(e.Fields.Servers)},
		{"failures", uint64(e.Fields.Failures)},
		{"took", took},
	}, func(f logField) bool { return f.value == "" || f.value == uint64(0) })
}

// failureText describes a failure next to its server's address: phase and cause, without
// repeating the address.
func failureText(err error) string {
	if frozen, ok := err.(*frozenError); ok { //nolint:errorlint // the very value
		return frozen.brief
	}
	if call, ok := errors.AsType[*pool.CallError](err); ok {
		return call.Phase.String() + ": " + call.Cause()
	}
	if dial, ok := errors.AsType[*pool.DialError](err); ok {
		return dial.Phase.String() + ": " + dial.Cause()
	}
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Err != nil {
		err = network.Err
	}
	return contain.Text(err)
}

// roundedText is a duration for a log, to about three digits, with its unit.
func roundedText(d time.Duration) string {
	switch {
	case d >= time.Second:
		d = d.Round(100 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(time.Millisecond)
	}
	return d.String()
}
