package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// asked is a message with a Reply, and a wait for its answer. The error is that of
// an answer that has one.
type asked struct {
	message messages.Message
	answer  func() error
}

// replied is a message that is answered with a value; failed is the error in it.
func replied[R any](build func(actor.Reply[R]) messages.Message, failed func(R) error) asked {
	reply := actor.NewReply[R]()
	return asked{build(reply), func() error {
		select {
		case v := <-reply.Chan():
			return failed(v)
		case <-time.After(limit):
			return errors.New("no answer")
		}
	}}
}

// everyMessage is one of each kind that can be answered.
func everyMessage() []asked {
	same := func(err error) error { return err }
	none := func(bool) error { return nil }
	a := messages.Server{Name: "a", Addr: "a:4647"}
	return []asked{
		replied(func(r actor.Reply[error]) messages.Message {
			return messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "a", Reply: r}
		}, same),
		replied(func(r actor.Reply[bool]) messages.Message { return messages.FailureNotice{Server: a, Reply: r} }, none),
		replied(func(r actor.Reply[messages.RebalanceResult]) messages.Message {
			return messages.RebalanceTick{Reply: r}
		},
			func(result messages.RebalanceResult) error { return result.Err }),
		replied(func(r actor.Reply[error]) messages.Message {
			return messages.SetServers{Addrs: []string{"a", "b"}, Reply: r}
		}, same),
		replied(func(r actor.Reply[error]) messages.Message {
			return messages.SetBackups{Addrs: []string{"x"}, Reply: r}
		}, same),
		replied(func(r actor.Reply[error]) messages.Message { return messages.AddBackup{Addrs: []string{"y"}, Reply: r} }, same),
		replied(func(r actor.Reply[messages.AddResult]) messages.Message {
			return messages.AddPrimary{Addr: "c", Reply: r}
		},
			func(added messages.AddResult) error { return added.Err }),
		replied(func(r actor.Reply[bool]) messages.Message {
			return messages.RemoveServer{Server: messages.Server{Addr: "c:4647"}, Reply: r}
		}, none),
	}
}

// Of 200 messages of every kind that Send accepts around a Stop, each is answered:
// those taken before with their outcome, the others with ErrStopped where their
// answer can say so. Senders race with the Stop in each of many rounds.
func TestEveryMessageThatSendAcceptedIsAnsweredAroundAStop(t *testing.T) {
	const senders, rounds = 5, 400 // more of them: -count
	stopped, done := 0, 0
	for round := range rounds {
		// Rounds have no end of themselves: a caller that waits for one is answered by the stop.
		p, err := proxy.Start(proxy.Config{Servers: []string{"a", "b"}, ProbeTimeout: far, Pinger: pinging(
			func(ctx context.Context, _ string) (time.Duration, error) { <-ctx.Done(); return 0, ctx.Err() },
		)})
		if err != nil {
			t.Fatal(err)
		}
		accepted := make(chan asked, 10_000)
		begun := make(chan struct{}, senders)
		var all sync.WaitGroup
		for range senders {
			all.Go(func() {
				begun <- struct{}{}
				for range 5 {
					for _, m := range everyMessage() {
						if err := p.Send(context.Background(), m.message); err != nil {
							if !errors.Is(err, proxy.ErrStopped) {
								t.Error(err)
							}
							return
						}
						accepted <- m
					}
				}
			})
		}
		<-begun
		for range round % 40 {
			runtime.Gosched()
		}
		stop(t, p.Stop)
		all.Wait()
		close(accepted)
		for m := range accepted {
			switch err := m.answer(); {
			case err == nil:
				done++
			case errors.Is(err, proxy.ErrStopped):
				stopped++
			default:
				t.Fatalf("round %d, %T: %v", round, m.message, err)
			}
		}
	}
	if stopped == 0 || done == 0 {
		t.Errorf("%d answered with ErrStopped, %d otherwise: nothing has raced", stopped, done)
	}
}

// The proxy does not run when these messages come in, so each is answered by its end.
func TestEachAnswerReportsThatTheProxyWasStopped(t *testing.T) {
	for i, m := range everyMessage() {
		t.Run(fmt.Sprintf("%T", m.message), func(t *testing.T) {
			log := &halting{text: "no server answers", halted: make(chan struct{}), resume: make(chan struct{})}
			p := startProxy(t, proxy.WithLines(proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger)}, log.line))
			if err := p.Send(within(t), messages.FailureNotice{Server: server(t, "a"), Err: errDown}); err != nil {
				t.Fatal(err)
			}
			receive(t, "the owner's halt", log.halted)
			if err := p.Send(within(t), m.message); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := p.Stop(ctx); !errors.Is(err, context.Canceled) { // the step goes on
				t.Fatal(err)
			}
			close(log.resume)
			stop(t, p.Stop)
			err := m.answer()
			if hasErr := i != 1 && i != 7; hasErr != errors.Is(err, proxy.ErrStopped) || !hasErr && err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}
