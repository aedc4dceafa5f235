package proxy

import (
	"context"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// Hooked is cfg with hooks that are called behind those of the proxy.
func Hooked(cfg Config, hooks poolhooks.Hooks) Config {
	cfg.hooks = hooks
	return cfg
}

// WithLines is cfg with a function that the owner calls with the text of each line that
// it is about to log.
func WithLines(cfg Config, line func(text string)) Config {
	cfg.effects = func(e roster.Effect) {
		if log, ok := e.(roster.Log); ok {
			line(logText(log))
		}
	}
	return cfg
}

// Written waits until p's log is written.
func Written(p *Proxy) { p.queue.Flush(context.Background()) }

// Tokens is what is left of p's retry tokens, in thousandths of a retry.
func Tokens(p *Proxy) int64 { return p.calls.tokens.left.Load() }

// AllTokens is what a Proxy starts with.
const AllTokens = int64(attempt.TokensAtStart)

// WithHold is cfg with a function that the owner calls before it carries out an effect.
func WithHold(cfg Config, hold func()) Config {
	cfg.effects = func(roster.Effect) { hold() }
	return cfg
}

// Fill fills the mailbox of p's owner, which must be in a step that lasts.
func Fill(p *Proxy) {
	for p.events.mail.TryTell(messages.Suspected{}) == nil {
		continue
	}
}

// Missed is how many notices are kept that the owner's mailbox had no room for.
func Missed(p *Proxy) int {
	if kept := p.events.missed.kept.Load(); kept != nil {
		return len(*kept)
	}
	return 0
}
