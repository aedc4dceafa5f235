package roster

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

var (
	errTest     = errors.New("connection refused")
	errNoLeader = errors.New("no cluster leader")
)

// render writes an effect as one line of a transcript. Answers are delivered.
func render(e Effect, began time.Time) string {
	switch e := e.(type) {
	case Publish:
		line := fmt.Sprintf("publish %d: %s", e.View.Epoch(), picture(e.View))
		if e.View.Len() == 0 {
			line += "(no server)"
		}
		if n := e.View.NumNodes(); n > 0 {
			line += fmt.Sprintf("; %d nodes", n)
		}
		if l := e.View.LeaderAddr(); l != "" {
			line += "; leader " + l
		}
		if e.ActiveReason != "first of the ranking" {
			line += "; " + e.ActiveReason
		}
		return line
	case Probe:
		return fmt.Sprintf("probe %s (round %d, until %s)", short(e.Server), e.Round, clock(e.Until, began))
	case EndRound:
		return fmt.Sprintf("end round %d", e.Round)
	case Corroborate:
		line := fmt.Sprintf("corroborators against %s (epoch %d):", short(e.Suspect), e.Epoch)
		for _, other := range e.Others {
			line += " " + short(other)
		}
		return line
	case Reconnect:
		return "reconnect to " + short(e.Server)
	case Discover:
		return fmt.Sprintf("discover (run %d)", e.Run)
	case Log:
		return "log " + renderLog(e)
	case Answer[error]:
		return "answer " + renderErr(e.Value)
	case Answer[bool]:
		return fmt.Sprintf("answer %t", e.Value)
	case Answer[messages.AddResult]:
		if e.Value.Err != nil {
			return "answer " + renderErr(e.Value.Err)
		}
		return "answer " + short(e.Value.Server)
	case Answer[messages.RebalanceResult]:
		return "answer " + renderResult(e.Value)
	default:
		panic(fmt.Sprintf("unknown effect %T", e))
	}
}

func renderLog(l Log) string {
	line := fmt.Sprintf("%s: %s", l.Level, l.Message)
	if l.Server.Addr != "" {
		line += " server=" + short(l.Server)
	}
	if l.Next.Addr != "" {
		line += " next=" + short(l.Next)
	}
	if l.Source != "" {
		line += " source=" + string(l.Source)
	}
	if l.Fields.Failures > 0 {
		line += fmt.Sprintf(" failures=%d", l.Fields.Failures)
	}
	if l.Fields.Took > 0 {
		line += fmt.Sprintf(" took=%s", l.Fields.Took)
	}
	if l.Fields.Round > 0 {
		line += fmt.Sprintf(" round=%d", l.Fields.Round)
	}
	if l.Fields.Run > 0 {
		line += fmt.Sprintf(" run=%d", l.Fields.Run)
	}
	if l.Fields.Servers > 0 {
		line += fmt.Sprintf(" servers=%d", l.Fields.Servers)
	}
	if l.Err != nil {
		line += " err=" + kind(l.Err)
	}
	return line
}

// kind names an error by its type, or quotes it if it came from outside.
func kind(err error) string {
	switch err := err.(type) {
	case *messages.AddrError:
		return fmt.Sprintf("AddrError(%q)", err.Input)
	case *messages.AddrsError:
		inputs := make([]string, 0, len(err.Errs))
		for _, e := range err.Errs {
			inputs = append(inputs, fmt.Sprintf("%q", e.Input))
		}
		return "AddrsError(" + strings.Join(inputs, ", ") + ")"
	case *messages.UpdateError:
		return fmt.Sprintf("UpdateError(%d offered)", err.Offered)
	case *VersionError:
		return fmt.Sprintf("VersionError(%d > %d)", err.Version, err.Supported)
	default:
		return fmt.Sprintf("%q", err)
	}
}

func renderErr(err error) string {
	if err == nil {
		return "ok"
	}
	return kind(err)
}

func renderResult(v messages.RebalanceResult) string {
	how := "no server"
	if v.Adopted {
		how = "adopted"
	} else if v.Frozen {
		how = "frozen"
	}
	active := "none"
	if v.Active.Addr != "" {
		active = short(v.Active)
	}
	return fmt.Sprintf("%s, active %s, probed %d, took %s", how, active, v.Probed, v.Took)
}

// clock is the time since the scenario began, to the millisecond.
func clock(t, began time.Time) string { return "+" + t.Sub(began).Round(time.Millisecond).String() }
