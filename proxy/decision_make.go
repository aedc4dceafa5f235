package proxy

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// decisionOf is a decision that a message caused, without what was done; nil is a deadline.
func decisionOf(m messages.Message) *Decision {
	d := &Decision{Kind: CauseOther, Cause: messageText(m)}
	about := ""
	switch m := m.(type) {
	case nil:
		d.Kind = CauseDeadline
	case messages.HeartbeatUpdate:
		d.Kind, about = CauseHeartbeat, m.From.Addr
	case messages.FailureNotice:
		if d.Kind, about = CauseFailure, m.Server.Addr; m.NoQuorum {
			d.Kind = CauseNoLeader
		}
	case messages.Recovered:
		d.Kind, about = CauseAnswer, m.Server.Addr
	case messages.Reconnected:
		d.Kind, about = CauseReconnected, m.Server.Addr
	case messages.Suspected:
		d.Kind, about = CauseSilence, m.Addr
	case messages.RebalanceTick:
		d.Kind = CauseRound
	case messages.ProbeDone:
		d.Kind, about = CauseProbe, m.Server.Addr
	case messages.DiscoveryDone:
		d.Kind = CauseDiscovery
	case messages.AddPrimary:
		d.Kind, about = CauseManual, m.Addr
	case messages.RemoveServer:
		d.Kind, about = CauseManual, m.Server.Addr
	case messages.SetServers, messages.SetBackups, messages.AddBackup:
		d.Kind = CauseManual
	}
	d.Server = cut(about)
	return d
}

// actionOf is an effect as an action, whose texts are not printable yet where they are not the
// proxy's own; without a text it is not worth a line.
func actionOf(e roster.Effect) Action {
	switch e := e.(type) {
	case roster.Publish:
		active, _ := e.View.Active()
		return Action{
			Kind: ActionPublish, Server: active.Addr, Epoch: e.View.Epoch(), Servers: e.View.Len(),
			Text: fmt.Sprintf("publish epoch %d: %s in front of %d servers", e.View.Epoch(), active.Addr, e.View.Len()),
		}
	case roster.Probe:
		return Action{
			Kind: ActionProbe, Server: e.Server.Addr, Round: e.Round, Text: fmt.Sprintf("probe %s in round %d", e.Server.Addr, e.Round),
		}
	case roster.EndRound:
		return Action{Kind: ActionEndRound, Round: e.Round, Text: fmt.Sprintf("end round %d", e.Round)}
	case roster.Corroborate:
		others := make([]string, 0, len(e.Others))
		for _, o := range e.Others {
			others = append(others, o.Addr)
		}
		return Action{
			Kind: ActionCorroborate, Server: e.Suspect.Addr, Others: others,
			Text: fmt.Sprintf("ask whether another one answers while %s is silent: %s", e.Suspect.Addr, strings.Join(others, ", ")),
		}
	case roster.Reconnect:
		return Action{
			Kind: ActionReconnect, Server: e.Server.Addr,
			Text: fmt.Sprintf("connect to %s anew: it knows no leader, and its address may lead to another server", e.Server.Addr),
		}
	case roster.Discover:
		return Action{Kind: ActionDiscover, Run: e.Run, Text: fmt.Sprintf("discover, run %d", e.Run)}
	case roster.Log:
		return Action{
			Kind: cmp.Or(logKinds[e.Event], ActionLog), Server: e.Server.Addr, Next: e.Next.Addr, Servers: e.Fields.Servers,
			Round: e.Fields.Round, Run: e.Fields.Run, Level: e.Level.String(), Text: logText(e),
		}
	}
	return Action{}
}

var logKinds = map[roster.Event]ActionKind{
	roster.ServerFailed:     ActionServerFailed,
	roster.ServerAnswers:    ActionServerAnswers,
	roster.ServerLeaderless: ActionServerLeaderless,
	roster.FailingOver:      ActionFailover,
	roster.EpisodeEnded:     ActionRecovered,
	roster.NoneAnswers:      ActionNoneAnswers,
	roster.NoneKnown:        ActionNoneKnown,
	roster.NoneLed:          ActionNoneLed,
	roster.Orphaned:         ActionOrphaned,
	roster.RoundAdopted:     ActionRoundEnded,
	roster.RoundFrozen:      ActionRoundEnded,
	roster.RoundUnanswered:  ActionRoundEnded,
	roster.DiscoveryFailed:  ActionDiscoveryEnded,
	roster.DiscoveryEnded:   ActionDiscoveryEnded,
}

// sameKey is a hash that is equal for decisions that differ only in numbers of rounds and runs, in times, and in
// the words of an error.
func sameKey(d *Decision) uint64 {
	h := fnv.New64a()
	add := func(format string, args ...any) {
		_, _ = fmt.Fprintf(h, format, args...) // a hash takes all
	}
	add("%d %s %s %s", d.Epoch, d.Active, d.Kind, d.Server)
	for i := range d.Did {
		a := &d.Did[i]
		add("\n%s %s %s %d %q", a.Kind, a.Server, a.Next, a.Servers, a.Others)
		if a.Kind == ActionLog {
			add("%s", a.Text)
		}
	}
	if d.Kind == CauseManual || d.Kind == CauseOther {
		add("%s", d.Cause)
	}
	return h.Sum64()
}
