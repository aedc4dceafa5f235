package messages_test

import (
	"io"
	"reflect"
	"testing"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// Every message that carries a Reply is one that can be abandoned.
func TestEveryMessageWithAReplyCanBeAbandoned(t *testing.T) {
	for _, m := range []messages.Message{
		messages.HeartbeatUpdate{},
		messages.FailureNotice{},
		messages.Recovered{},
		messages.Suspected{},
		messages.RebalanceTick{},
		messages.SetServers{},
		messages.SetBackups{},
		messages.AddBackup{},
		messages.AddPrimary{},
		messages.RemoveServer{},
		messages.ProbeDone{},
		messages.DiscoveryDone{},
	} {
		_, replies := reflect.TypeOf(m).FieldByName("Reply")
		a, ok := m.(actor.Abandoner)
		if ok != replies {
			t.Errorf("%T has a Reply: %t, can be abandoned: %t", m, replies, ok)
		}
		if ok {
			a.Abandon(io.EOF) // the zero Reply: nothing happens
		}
	}
}

func TestAnAbandonedMessageIsAnsweredAsAbandoned(t *testing.T) {
	refused := actor.NewReply[error]()
	for _, m := range []actor.Abandoner{
		messages.HeartbeatUpdate{Reply: refused},
		messages.SetServers{Reply: refused},
		messages.SetBackups{Reply: refused},
		messages.AddBackup{Reply: refused},
	} {
		if m.Abandon(io.EOF); <-refused.Chan() != io.EOF {
			t.Errorf("%T is answered with another error", m)
		}
	}
	flag := actor.NewReply[bool]()
	for _, m := range []actor.Abandoner{messages.FailureNotice{Reply: flag}, messages.RemoveServer{Reply: flag}} {
		if m.Abandon(io.EOF); <-flag.Chan() {
			t.Errorf("%T is answered with true", m)
		}
	}
	added, round := actor.NewReply[messages.AddResult](), actor.NewReply[messages.RebalanceResult]()
	messages.AddPrimary{Reply: added}.Abandon(io.EOF)
	if got := <-added.Chan(); got != (messages.AddResult{Err: io.EOF}) {
		t.Errorf("%+v", got)
	}
	messages.RebalanceTick{Reply: round}.Abandon(io.EOF)
	if got := <-round.Chan(); got != (messages.RebalanceResult{Err: io.EOF}) {
		t.Errorf("%+v", got)
	}
}
