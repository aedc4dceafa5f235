package proxy_test

import (
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
)

// halting halts the owner at the first line that holds text.
type halting struct {
	text           string
	halted, resume chan struct{}
	over           bool // of the owner
}

func (h *halting) line(text string) {
	if !h.over && strings.Contains(text, h.text) {
		h.over = true
		close(h.halted)
		<-h.resume
	}
}

// The owner is halted between the two: a caller that reports a failure is answered when the
// next server is in front, and not before.
func TestTheViewIsPublishedBeforeTheAnswerIsGiven(t *testing.T) {
	log := &halting{text: "server failed", halted: make(chan struct{}), resume: make(chan struct{})}
	p := startProxy(t, proxy.WithLines(proxy.Config{Servers: names(2), Pinger: pinging(upPinger), Rebalance: calm}, log.line))
	front := active(t, p)
	ended := make(chan error, 1)
	ctx := within(t)
	go func() { ended <- p.NotifyFailed(ctx, front, errDown) }()
	ends(t, "the line", func() { <-log.halted })
	if active(t, p) == front {
		t.Errorf("not yet published: %s", picture(p.View()))
	}
	if len(ended) != 0 {
		t.Error("answered already")
	}
	close(log.resume)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
